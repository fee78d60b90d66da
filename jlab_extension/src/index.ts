import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Api } from './api';
import { IModel, Model } from './model';
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

const plugins: JupyterFrontEndPlugin<unknown>[] = [client];

export default plugins;
