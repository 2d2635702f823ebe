import type { Heading } from './description.ts'
import { SCHEMAS } from './schemas.ts'

/** JSON Schema 2020-12 in a document: since OpenAPI 3.1. */
const OPENAPI = '3.1.0'
const LICENSE = { name: 'Apache-2.0', identifier: 'Apache-2.0' }

const PUBLIC_TEXT = `One gateway in front of many MCP servers, for many users. MCP clients speak to \`/mcp\` or \`/servers/{name}/mcp\`; programs without one
call tools as plain JSON at \`…/tools\`.

**Credentials.** Exactly one, in a header: \`Authorization: Bearer <key or token>\`, or \`X-API-Key: <key>\`. Two of them, or one in the URL, are refused.

**Refusals** before a call is admitted have an HTTP status, and come from one catalogue; what fails afterwards is an answer with status 200
that holds an error. 429 and 503 say in \`Retry-After\` when to come back.

**Spellings.** \`x-aliases\` of an operation lists other paths that do the same.`

/** What the public document says of the gateway. @param publicUrl where clients reach it */
export function publicHeading (publicUrl: string, version: string): Heading {
  return {
    openapi: OPENAPI,
    info: { title: 'Drawbridge', version, description: PUBLIC_TEXT, license: LICENSE },
    servers: [{ url: publicUrl.replace(/\/$/, ''), description: 'This gateway' }],
    tags: [
      { name: 'Tools', description: 'Plain JSON, for programs without an MCP client.' },
      { name: 'MCP', description: 'Streamable HTTP, of both eras.' },
      { name: 'MCP over SSE', description: 'HTTP+SSE of 2024-11-05, for clients that know nothing newer.' },
      { name: 'State', description: 'Probes, open to everybody, and the caller\'s own servers.' },
      { name: 'Discovery', description: 'How clients find the authorization server, and this document.' }
    ],
    security: [{ bearer: [] }, { apiKey: [] }],
    schemas: SCHEMAS,
    securitySchemes: {
      bearer: { type: 'http', scheme: 'bearer', description: 'An API key (`db_…`), or an access token of a configured issuer or of the gateway itself.' },
      apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'An API key (`db_…`). Instead of Authorization, never besides it.' }
    }
  }
}

/** What the operator's document says. Its listener has an address of its own that callers do not know. */
export function managementHeading (version: string): Heading {
  return {
    openapi: OPENAPI,
    info: { title: 'Drawbridge, management', version, description: 'The operator\'s listener: metrics, servers, tokens, revocation, reload. Never published.', license: LICENSE },
    servers: [{ url: '/', description: 'The management listener' }],
    tags: [{ name: 'Management', description: 'With the management token.' }],
    security: [{ management: [] }],
    schemas: { HttpError: SCHEMAS.HttpError },
    securitySchemes: { management: { type: 'http', scheme: 'bearer', description: 'The management token.' } }
  }
}
