export { createEgress } from './create-egress.ts'
export { PROXY_ENV } from './proxy-env.ts'
export type * from './types.ts'
