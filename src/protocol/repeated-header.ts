const LETTER_M = 0x6d
const HYPHEN = 0x2d
/** Turns an ASCII letter into its small one; what else it changes is compared in full afterwards. */
const LOWER = 0x20

/** Could this be the name of a header that repeats a value of the body? Allocates nothing: this runs for every header. */
function mayMirror (name: string): boolean {
  return name.length >= 8 && (name.charCodeAt(0) | LOWER) === LETTER_M && name.charCodeAt(3) === HYPHEN
}

function isMirror (lowerName: string): boolean {
  return lowerName === 'mcp-name' || lowerName === 'mcp-method' || lowerName === 'mcp-protocol-version' || lowerName.startsWith('mcp-param-')
}

/**
 * The first header that repeats a value of the body and stands on more than one line; undefined = none does. Node joins such
 * lines with a comma, and the joined text may equal a value of the body although somebody before us believed one line (T35).
 * @param rawHeaders names and values in turn, as Node's `rawHeaders`
 * @returns its name in lower case
 */
export function repeatedMirror (rawHeaders: readonly string[]): string | undefined {
  let seen: string[] | undefined
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const raw = rawHeaders[at] as string
    if (!mayMirror(raw)) continue
    const name = raw.toLowerCase()
    if (!isMirror(name)) continue
    if (seen?.includes(name) === true) return name
    if (seen === undefined) seen = [name]
    else seen.push(name)
  }
  return undefined
}
