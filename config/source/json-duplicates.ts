import type { Path } from '../fault.ts'

/**
 * Keys written twice in one object of a JSON text, which `JSON.parse` would silently resolve to the last one: two servers
 * of one name, or a second `disabled`. Call it only with text that `JSON.parse` accepted.
 */
export function findDuplicateKeys (text: string): Path[] {
  const duplicates: Path[] = []
  let position = 0

  const skipSpace = () => { while (/[\s:,]/.test(text[position] ?? '')) position++ }
  const readString = (): string => {
    const start = position++
    while (text[position] !== '"') position += text[position] === '\\' ? 2 : 1
    position++
    return JSON.parse(text.slice(start, position)) as string
  }
  const readObject = (path: Path) => {
    const keys = new Set<string>()
    for (skipSpace(); text[position] !== '}'; skipSpace()) {
      const key = readString()
      if (keys.has(key)) duplicates.push([...path, key])
      keys.add(key)
      readValue([...path, key])
    }
    position++
  }
  const readList = (path: Path) => {
    let index = 0
    for (skipSpace(); text[position] !== ']'; skipSpace()) readValue([...path, index++])
    position++
  }
  const readValue = (path: Path) => {
    skipSpace()
    const start = text[position]
    if (start === '"') readString()
    else if (start === '{') { position++; readObject(path) } else if (start === '[') { position++; readList(path) } else while (position < text.length && !/[\s,\]}]/.test(text[position] ?? '')) position++
  }

  readValue([])
  return duplicates
}
