export { createAuthenticator } from './authenticator.ts'
export type { Authenticator, AuthRefusal, AuthRefusalReason } from './types.ts'
