/** RFC 9728 3: between the host and the path of a resource. */
const WELL_KNOWN = '/.well-known/oauth-protected-resource'
/** Beyond this a name is none; routes have the same bound. */
const MAX_SEGMENT_CHARS = 256

/** First segments of the endpoint of all servers. */
const AGGREGATE: ReadonlySet<string> = new Set(['mcp', 'sse', 'messages'])

/** What this gateway is called by tokens and metadata: as a whole, and each of its MCP endpoints (RFC 8707, RFC 9728). */
export interface Endpoints {
  /** `auth.oauth.resource`: tokens for it are good everywhere. */
  readonly root: string
  /** URL of the endpoint that a request target belongs to; undefined = to none in particular, which only the root opens. */
  of (target: string): string | undefined
  /** Could this be the URL of an endpoint? Says nothing about which servers exist. */
  isEndpoint (url: string): boolean
  /** Where the metadata for whoever asked for this target is: its endpoint's, else the root's. */
  metadataUrl (target: string): string
  /** The resource that a metadata path describes; undefined = it is no such path. Any name of a server will do, so that nobody learns which exist. */
  describedAt (path: string): string | undefined
}

/** @param root absolute URL, without query and fragment; its origin is that of all endpoints */
export function createEndpoints (root: string): Endpoints {
  const { origin, pathname } = new URL(root)
  const rootPath = pathname.replace(/\/$/, '')
  const endpoint = (path: string): string | undefined => {
    const endpointPath = endpointOf(path)
    return endpointPath === undefined ? undefined : origin + endpointPath
  }
  return {
    root,
    of: (target) => endpoint(pathOf(target)),
    isEndpoint: (url) => url.startsWith(`${origin}/`) && endpoint(url.slice(origin.length)) === url,
    metadataUrl: (target) => `${origin}${WELL_KNOWN}${endpointOf(pathOf(target)) ?? rootPath}`,
    describedAt (path) {
      if (!path.startsWith(WELL_KNOWN)) return undefined
      const described = path.slice(WELL_KNOWN.length)
      if (described === rootPath) return root
      return endpointOf(described) === described ? origin + described : undefined
    }
  }
}

function pathOf (target: string): string {
  const query = target.indexOf('?')
  return query === -1 ? target : target.slice(0, query)
}

/** Which MCP endpoint a path belongs to: its HTTP+SSE and plain JSON spellings are the same resource. */
function endpointOf (path: string): string | undefined {
  const [, first = '', name = ''] = path.split('/')
  if (AGGREGATE.has(first)) return '/mcp'
  return first === 'servers' && isSegment(name) ? `/servers/${name}/mcp` : undefined
}

/** A path segment as clients write it, percent-encoded: nothing that would need encoding in JSON, a header or a URL. */
function isSegment (text: string): boolean {
  return text.length <= MAX_SEGMENT_CHARS && /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})+$/.test(text) && text !== '.' && text !== '..'
}
