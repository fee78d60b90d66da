import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Api } from './api';
import { author } from './author';
import { checks } from './checks';
import { IModel, Model } from './model';
import { panel, status } from './panel';
import { portfolio } from './portfolio';
import { IHornbook } from './tokens';

const client: JupyterFrontEndPlugin<IModel> = {
  id: 'hornbook:client',
  description: 'Speaks to the server, and knows what the other parts share.',
  autoStart: true,
  provides: IHornbook,
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, translator: ITranslator | null) =>
    new Model(new Api(app.serviceManager.serverSettings, (translator ?? nullTranslator).languageCode))
};

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  client,
  checks,
  panel,
  status,
  portfolio,
  author
];

export default plugins;
