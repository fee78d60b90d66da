/** Return the last expression of a cell's *source*: its last statement, with the lines that belong to it; empty where there is none. */
export function lastExpression(source: string): string {
  const lines = source.split('\n').filter(line => !/^\s*(#|$)/.test(line));
  for (let first = lines.length - 1; first >= 0; first--) {
    const text = lines.slice(first).join('\n');
    // A line that is set in, or begins with a closing bracket, goes on with what stands above it.
    if (!/^[\s)\]}]/.test(text) && balanced(text)) return text.trim();
  }
  return '';
}

/** Whether every bracket of *text* is closed in it, those in strings and comments left out. */
function balanced(text: string): boolean {
  const bare = text.replace(/'''[\s\S]*?'''|"""[\s\S]*?"""|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|#.*/g, '');
  return (bare.match(/[([{]/g)?.length ?? 0) === (bare.match(/[)\]}]/g)?.length ?? 0);
}
