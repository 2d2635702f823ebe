/**
 * Frames of text/event-stream (WHATWG HTML, server-sent events) as MCP uses them. `data` is always one line: JSON.stringify
 * output holds no raw CR or LF, and U+2028 and U+2029 end no line here.
 */

/** A comment line that keeps proxies and clients from giving a quiet stream up; clients see nothing of it. */
export const SSE_KEEPALIVE = ': keep-alive\n\n'

/**
 * One JSON-RPC message.
 * @param json output of JSON.stringify, without raw line ends
 * @param id event id for resumption; must hold no line end and no NUL (the event log mints such ids)
 */
export function sseMessage (json: string, id?: string): string {
  return id === undefined ? `event: message\ndata: ${json}\n\n` : `event: message\nid: ${id}\ndata: ${json}\n\n`
}

/**
 * Opens a resumable stream: an event id and no data, and how long the client waits before it reconnects (SEP-1699). Only
 * for revisions with the feature `streamPriming`.
 * @param retryMs milliseconds, a whole number
 */
export function ssePriming (id: string, retryMs: number): string {
  return `id: ${id}\nretry: ${retryMs}\ndata: \n\n`
}

/**
 * First event of the 2024-11-05 transport: where the client is to POST.
 * @param uri path and query on the same origin, percent-encoded, so without line ends
 */
export function sseEndpoint (uri: string): string {
  return `event: endpoint\ndata: ${uri}\n\n`
}
