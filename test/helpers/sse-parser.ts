/** One event of a text/event-stream, with exactly the fields that were written. */
export interface SseEvent {
  readonly id?: string
  readonly event?: string
  /** `undefined` when no data line was written; '' when it was empty (a priming event). */
  readonly data?: string
  readonly retry?: string
  /** The text of a comment block (`: …`), which carries no event. */
  readonly comment?: string
}

/** Incremental parser of the WHATWG event-stream format that keeps comments and empty data visible. */
export function createSseParser (onEvent: (event: SseEvent) => void): (text: string) => void {
  let rest = ''
  return (text) => {
    rest += text.replaceAll('\r\n', '\n')
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
      const block = rest.slice(0, end)
      rest = rest.slice(end + 2)
      if (block !== '') onEvent(parseBlock(block))
    }
  }
}

function parseBlock (block: string): SseEvent {
  const event: { id?: string, event?: string, data?: string, retry?: string, comment?: string } = {}
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':')
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1))
    if (name === '') event.comment = value
    else if (name === 'data') event.data = event.data === undefined ? value : `${event.data}\n${value}`
    else if (name === 'id' || name === 'event' || name === 'retry') event[name] = value
  }
  return event
}
