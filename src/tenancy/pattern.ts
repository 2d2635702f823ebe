/** Does a name fall under the rules it was compiled from? */
export type NameMatcher = (name: string) => boolean

/**
 * Compiles names and `*` patterns into one test. `*` stands for any run of characters, none included; nothing else is
 * special and case counts. An empty list matches nothing. No regular expressions: names come from callers, and a
 * pattern must never cost more than one pass over the name (source: interface, tools.allow and tools.deny).
 */
export function compilePatterns (patterns: readonly string[]): NameMatcher {
  if (patterns.some((pattern) => /^\*+$/.test(pattern))) return () => true
  const exact = new Set(patterns.filter((pattern) => !pattern.includes('*')))
  const globs = patterns.filter((pattern) => pattern.includes('*')).map(compileGlob)
  if (globs.length === 0) return (name) => exact.has(name)
  return (name) => exact.has(name) || globs.some((glob) => glob(name))
}

/** The leftmost place is good enough for each middle part, because a later one only leaves less room for the rest. */
function compileGlob (pattern: string): NameMatcher {
  const parts = pattern.split('*')
  const head = parts[0] ?? ''
  const tail = parts.at(-1) ?? ''
  const middle = parts.slice(1, -1).filter((part) => part !== '')
  return (name) => {
    const end = name.length - tail.length
    if (end < head.length || !name.startsWith(head) || !name.endsWith(tail)) return false
    let at = head.length
    for (const part of middle) {
      const found = name.indexOf(part, at)
      if (found === -1 || found + part.length > end) return false
      at = found + part.length
    }
    return true
  }
}
