export { createResources } from './create-resources.ts'
export { probeResources } from './probe-resources.ts'
export type * from './types.ts'
