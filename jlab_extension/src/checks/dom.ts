/** Return an element with text or nodes in it; what people wrote is never read as markup. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  name: string,
  ...children: (Node | string | null)[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  if (name) node.className = name;
  node.append(...children.filter((child): child is Node | string => child !== null && child !== ''));
  return node;
}

/** Return a button that takes no focus from the notebook when it is clicked, and keeps the keyboard's. */
export function button(label: string, name: string, click: () => void): HTMLButtonElement {
  const node = make('button', `jp-hb-button ${name}`, label);
  node.type = 'button';
  node.addEventListener('mousedown', event => event.preventDefault());
  node.addEventListener('click', click);
  return node;
}

/** Show *text*, unless it is there: the same words again would be read out again. */
export function write(node: HTMLElement, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}
