/** What tokens may be asked for: in the metadata, and in the challenge of a request that nothing is known about yet (rulings 2). */
export const SCOPES_SUPPORTED: readonly string[] = Object.freeze(['tools:read', 'tools:call', 'resources:read', 'prompts:read'])
