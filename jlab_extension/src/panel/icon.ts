import { LabIcon } from '@jupyterlab/ui-components';

/** A hornbook: one leaf on a board with a handle. */
export const hornbookIcon = new LabIcon({
  name: 'hornbook:icon',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><path class="jp-icon3 jp-icon-selectable" fill="#616161" fill-rule="evenodd" ' +
    'd="M6 2h12a1 1 0 0 1 1 1v13a1 1 0 0 1-1 1h-4v4a1 1 0 0 1-1 1h-2a1 1 0 0 1-1-1v-4H6a1 1 0 0 1-1-1V3a1 1 0 0 1 1-1zm1 2v11h10V4zm2 2h6v1.6H9zm0 3h6v1.6H9zm0 3h4v1.6H9z"/></svg>'
});
