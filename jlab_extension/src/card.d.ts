declare module '*/static/card.js' {
  const drawing: {
    render(context: { model: { get(name: string): unknown }; el: HTMLElement }): () => void;
  };
  export default drawing;
}
