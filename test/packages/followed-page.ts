/** A fenced block of a page that a reader follows. */
export type PageStep =
  | { readonly type: 'file'; readonly path: string; readonly text: string }
  | { readonly type: 'commands'; readonly commands: readonly string[] }
  /** What is typed, and all that is printed. */
  | { readonly type: 'console'; readonly command: string; readonly printed: string };

/** What a page has its reader do, in order: files (`file=PATH` behind the fence's language), `sh` and `console` blocks. */
export function stepsOf(page: string): PageStep[] {
  return [...page.matchAll(/^```([a-z]+)(?: file=(\S+))?\n([\s\S]*?)^```$/gm)].flatMap(
    ([, language, path, text = '']) => stepOf(language!, path, text),
  );
}

function stepOf(language: string, path: string | undefined, text: string): PageStep[] {
  if (path !== undefined) return [{ type: 'file', path, text }];
  const lines = text.trimEnd().split('\n');
  if (language === 'sh') return [{ type: 'commands', commands: lines }];
  if (language !== 'console') return [];
  const [first = '', ...printed] = lines;
  return [{ type: 'console', command: first.replace(/^\$ /, ''), printed: printed.join('\n') }];
}
