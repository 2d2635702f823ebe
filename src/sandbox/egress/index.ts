export { PROXY_ENV, PROXY_PORT } from './proxy-env.ts'
export type * from './types.ts'
