import type { Schema } from '../../plugins/openapi/route-docs.ts'

/** The server in a path. */
export const SERVER_NAME: Schema = {
  type: 'object',
  properties: { name: { type: 'string', description: 'A server of the configuration that the caller may use; unknown and forbidden ones are the same 404.', examples: ['everything'] } }
}

/** The session in a query, as the first event of an SSE stream names it. */
export const SESSION_ID: Schema = {
  type: 'object',
  required: ['session_id'],
  properties: { session_id: { type: 'string', description: 'As the `endpoint` event gave it out.' } }
}
