import { Token } from '@lumino/coreutils';
import type { IModel } from './model';

/** The one thing that the parts of hornbook share. */
export const IHornbook = new Token<IModel>('hornbook:IHornbook', 'What is known of lessons, checks and progress.');
