/** What some reader takes for a line break besides 0x0A: NEL, LINE SEPARATOR, PARAGRAPH SEPARATOR. */
const UNICODE_BREAKS = /[\u0085\u2028\u2029]/g
const ASCII_BREAKS = /[\r\n]/g

/**
 * A JSON text that no reader can take for two lines (T38). `bytes` is its length in UTF-8: where that equals the length
 * in UTF-16 the text is ASCII and the scan for the Unicode breaks is saved. A raw CR or LF can only be whitespace
 * between tokens, since JSON strings hold none, so a space says the same.
 */
export function safeLine (text: string, bytes: number): string {
  let line = text
  if (text.includes('\n') || text.includes('\r')) line = line.replace(ASCII_BREAKS, ' ')
  if (bytes !== text.length) line = line.replace(UNICODE_BREAKS, escapeBreak)
  return line
}

function escapeBreak (character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
