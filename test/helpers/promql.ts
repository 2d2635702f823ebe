/** One metric that an expression asks for, with every label that it is matched or grouped by there. */
export interface MetricUse {
  readonly metric: string
  readonly labels: ReadonlySet<string>
}

const WORDS: ReadonlySet<string> = new Set(['and', 'or', 'unless', 'bool', 'offset', 'inf', 'nan', 'by', 'without', 'on', 'ignoring', 'group_left', 'group_right'])

/** What a PromQL expression asks for. Knows selectors, functions, and aggregations with their labels in front, which is how this project writes them. */
export function metricsIn (expression: string): MetricUse[] {
  return usesIn(expression.replace(/"(?:[^"\\]|\\.)*"/g, '""'), [])
}

function usesIn (text: string, grouped: readonly string[]): MetricUse[] {
  const group = /\b(?:by|without)\s*\(([^)]*)\)\s*\(/.exec(text)
  if (group !== null) {
    const open = group.index + group[0].length - 1
    const close = closing(text, open)
    const labels = (group[1] ?? '').split(',').map((label) => label.trim()).filter(Boolean)
    return [...usesIn(text.slice(0, group.index), grouped), ...usesIn(text.slice(open + 1, close), [...grouped, ...labels]), ...usesIn(text.slice(close + 1), grouped)]
  }
  const plain = text.replace(/\b(?:on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ').replace(/\[[^\]]*\]/g, ' ')
  return [...plain.matchAll(/(?<![\w:.$])([a-zA-Z_:][\w:]*)\s*(?:\{([^}]*)\}|(\())?/g)]
    .filter(([, word = '', , call]) => call === undefined && !WORDS.has(word.toLowerCase()) && !isAggregation(word, plain))
    .map(([, metric = '', matchers = '']) => ({ metric, labels: new Set([...grouped, ...[...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label)]) }))
}

/** `sum` and its like stand alone once their labels and operand are cut off. */
function isAggregation (word: string, text: string): boolean {
  return /^(?:sum|min|max|avg|count|topk|bottomk|group|stddev|quantile)$/.test(word) && !text.includes(`${word}{`)
}

function closing (text: string, open: number): number {
  let depth = 0
  for (let at = open; at < text.length; at++) {
    if (text[at] === '(') depth++
    else if (text[at] === ')' && --depth === 0) return at
  }
  throw new Error(`a parenthesis is not closed: ${text}`)
}
