import { type MetadataForm, MetadataFormWidget } from '@jupyterlab/metadataform';
import type { INotebookTools } from '@jupyterlab/notebook';
import type { ITranslator, TranslationBundle } from '@jupyterlab/translation';

/** The forms for what a lesson and an exercise say of themselves; shown where *wanted* is true. */
export class Forms {
  private readonly forms: MetadataFormWidget[];

  constructor(tools: INotebookTools, translator: ITranslator, trans: TranslationBundle) {
    // They are no part of a schema, since Jupyter would show them to everybody then.
    this.forms = [
      form('hornbook-exercise', exerciseFields(trans), 'cell', translator),
      form('hornbook-lesson', lessonFields(trans), 'notebook', translator)
    ];
    const labels = [trans.__('Exercise'), trans.__('Lesson')];
    for (const [rank, tool] of this.forms.entries()) {
      const sectionName = `hornbook-${rank}`;
      tools.addSection({ sectionName, label: labels[rank] ?? '', rank });
      tools.addItem({ section: sectionName, tool });
    }
    this.show(false);
  }

  show(wanted: boolean): void {
    // A form lies in a section, and that in what folds it.
    for (const tool of this.forms) tool.parent?.parent?.setHidden(!wanted);
  }
}

type Fields = MetadataForm.IMetadataSchema['properties'];

function form(pluginId: string, properties: Fields, level: 'cell' | 'notebook', translator: ITranslator): MetadataFormWidget {
  const about = Object.fromEntries(
    // Nothing is written before somebody has written something.
    Object.keys(properties).map(name => [name, { level, writeDefault: false, ...(level === 'cell' ? { cellTypes: ['code' as const] } : {}) }])
  );
  return new MetadataFormWidget({ metadataSchema: { type: 'object', properties } as MetadataForm.IMetadataSchema, metaInformation: about, uiSchema: { '/hornbook/summary': { 'ui:widget': 'textarea' } }, pluginId, translator });
}

function exerciseFields(trans: TranslationBundle): Fields {
  return {
    '/hornbook/exercise': { type: 'string', title: trans.__('Exercise'), description: trans.__('The name by which checks and hints speak of this cell.') }
  };
}

function lessonFields(trans: TranslationBundle): Fields {
  const text = { type: 'string' } as const;
  // Without a title of its own an item is named by its place in the file.
  const texts = (title: string, item: string): object => ({ type: 'array', title, items: { type: 'string', title: item } });
  const skills = {
    type: 'array',
    items: {
      type: 'object',
      title: trans.__('Skill'),
      properties: { name: { ...text, title: trans.__('Name') }, uri: { ...text, title: trans.__('Address, such as of ESCO') } },
      required: ['name']
    }
  } as const;
  return {
    '/hornbook/slug': { ...text, title: trans.__('Slug'), description: trans.__('The same as the name of the file.') },
    '/hornbook/title': { ...text, title: trans.__('Title') },
    '/hornbook/version': { ...text, title: trans.__('Version') },
    '/hornbook/summary': { ...text, title: trans.__('Summary') },
    '/hornbook/objectives': texts(trans.__('Objectives'), trans.__('Objective')),
    '/hornbook/skills': { ...skills, title: trans.__('Skills') },
    '/hornbook/level': { ...text, title: trans.__('Level'), enum: ['beginner', 'intermediate', 'advanced'] },
    '/hornbook/minutes': { type: 'integer', minimum: 1, title: trans.__('Minutes') },
    '/hornbook/requires': texts(trans.__('Requires'), trans.__('Slug of a lesson that comes before')),
    '/hornbook/authors': texts(trans.__('Authors'), trans.__('Author')),
    '/hornbook/licence': { ...text, title: trans.__('Licence') }
  } as unknown as Fields;
}
