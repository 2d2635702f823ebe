/**
 * The paths that an operator's text names: `/abs`, `./rel`, `../rel`, `--flag=/abs`, or a `:` list of absolute paths.
 * Everything else (plain words, URLs, `host:/path`) names none: guessing would make directories nobody asked for.
 */
export function pathsIn (text: string): string[] {
  const value = text.startsWith('-') ? text.slice(text.indexOf('=') + 1) : text
  if (!isPath(value) || value.includes('\0')) return []
  if (!value.includes(':')) return [value]
  const parts = value.split(':').filter((part) => part !== '')
  return parts.every((part) => part.startsWith('/') && !part.startsWith('//')) ? parts : []
}

function isPath (value: string): boolean {
  return value.startsWith('/') || value === '.' || value === '..' || value.startsWith('./') || value.startsWith('../')
}
