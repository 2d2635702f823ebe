/** Longer ones serve nobody. */
const MAX_LENGTH = 2048

/**
 * Where messages are to be POSTed: path and query of the `endpoint` event (MCP 2024-11-05 transports). It may be relative
 * to the stream's URL; undefined when it leads to any other origin, which would make the gateway a tool of the server (T47).
 */
export function endpointPath (data: string, streamUrl: URL): string | undefined {
  if (data.length > MAX_LENGTH || !URL.canParse(data, streamUrl.href)) return undefined
  const url = new URL(data, streamUrl)
  return url.origin === streamUrl.origin && url.username === '' && url.password === '' ? `${url.pathname}${url.search}` : undefined
}
