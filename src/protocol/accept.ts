/**
 * What an `Accept` header allows (RFC 9110 12.5.1). MCP wants both types named on a POST; an absent header and wildcards
 * count too, because deployed clients send them (rulings 4).
 */

/** What nearly every client sends; spares the parsing. */
const usual = new Set(['application/json, text/event-stream', 'application/json,text/event-stream', '*/*'])

/** A range of an Accept header: 0 = `*` + `/*`, 1 = `type/*`, 2 = exact; the most specific one that matches decides. */
interface Match {
  readonly specificity: number
  readonly quality: number
}

function qualityOf (parameters: readonly string[]): number {
  const weight = parameters.map((parameter) => parameter.trim().toLowerCase()).find((parameter) => parameter.startsWith('q='))
  if (weight === undefined) return 1
  // A malformed weight is read as 0: what cannot be understood does not allow anything.
  return /^q=(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight) ? Number(weight.slice(2)) : 0
}

function matchRange (range: string, type: string): Match | undefined {
  const [name = '', ...parameters] = range.split(';')
  const wanted = name.trim().toLowerCase()
  const specificity = ['*/*', `${type.slice(0, type.indexOf('/'))}/*`, type].indexOf(wanted)
  return specificity === -1 ? undefined : { specificity, quality: qualityOf(parameters) }
}

function allows (header: string, type: string): boolean {
  let best: Match | undefined
  for (const range of header.split(',')) {
    const match = matchRange(range, type)
    if (match !== undefined && (best === undefined || match.specificity > best.specificity)) best = match
  }
  return best !== undefined && best.quality > 0
}

function saysNothing (header: string | undefined): header is undefined {
  return header === undefined || header.trim() === ''
}

/** May a POST be answered with application/json and with text/event-stream alike? False = 406. */
export function acceptsBoth (header: string | undefined): boolean {
  if (saysNothing(header) || usual.has(header)) return true
  return allows(header, 'application/json') && allows(header, 'text/event-stream')
}

/** May a GET be answered with text/event-stream? False = 406. */
export function acceptsEventStream (header: string | undefined): boolean {
  return saysNothing(header) || usual.has(header) || allows(header, 'text/event-stream')
}
