import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compilePatterns } from '../../../src/tenancy/pattern.ts'

const rows: ReadonlyArray<readonly [patterns: readonly string[], matches: readonly string[], not: readonly string[]]> = [
  [[], [], ['', 'a', '*']],
  [['read'], ['read'], ['Read', 'read_file', ' read', '']],
  [['*'], ['', 'a', 'a\nb', '*'], []],
  [['**'], ['', 'x'], []],
  [['read_*'], ['read_', 'read_file'], ['read', 'xread_file']],
  [['*_file'], ['_file', 'read_file'], ['file', 'read_files']],
  [['a*b*c'], ['abc', 'aXbYc', 'abbc', 'abcbc'], ['ac', 'acb', 'abcx', 'ab']],
  [['ab*ba'], ['abba', 'abxba'], ['aba', 'ab']],
  [['*mid*'], ['mid', 'xmidx', 'mimid'], ['mi d']],
  [['a*aa*a'], ['aaaa', 'axaaxa'], ['aaa', 'axaxa']],
  [['crm__delete_*', 'fs__write'], ['crm__delete_all', 'fs__write'], ['fs__write2', 'crm__del']],
  [['a.c', 'x?', '[ab]', '(', '\\d'], ['a.c', 'x?', '[ab]', '(', '\\d'], ['abc', 'xy', 'a', '1']],
  [['constructor'], ['constructor'], ['__proto__', 'toString']]
]

for (const [patterns, matches, not] of rows) {
  test(`patterns ${JSON.stringify(patterns)}`, () => {
    const matcher = compilePatterns(patterns)
    for (const text of matches) assert.equal(matcher(text), true, JSON.stringify(text))
    for (const text of not) assert.equal(matcher(text), false, JSON.stringify(text))
  })
}

test('agrees with a backtracking matcher on every short text', () => {
  const slow = (pattern: string, text: string): boolean => {
    if (pattern === '') return text === ''
    if (pattern[0] !== '*') return text[0] === pattern[0] && text !== '' && slow(pattern.slice(1), text.slice(1))
    return slow(pattern.slice(1), text) || (text !== '' && slow(pattern, text.slice(1)))
  }
  const words = (letters: string, most: number): string[] => most === 0
    ? ['']
    : ['', ...[...letters].flatMap((letter) => words(letters, most - 1).map((rest) => letter + rest))]
  const texts = [...new Set(words('ab', 5))]
  for (const pattern of new Set(words('ab*', 5))) {
    const matcher = compilePatterns([pattern])
    for (const text of texts) assert.equal(matcher(text), slow(pattern, text), `${pattern} on ${text}`)
  }
})

test('a hostile name costs one pass', () => {
  const matcher = compilePatterns(['*a*a*a*a*a*a*a*a*a*a*b'])
  const startMs = performance.now()
  assert.equal(matcher('a'.repeat(200_000)), false)
  assert.ok(performance.now() - startMs < 1000)
})
