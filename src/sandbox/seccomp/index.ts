export { openFilter } from './open-filter.ts'
