import { executionAsyncResource } from 'node:async_hooks'

/**
 * One of the objects that Node makes for every `process.nextTick`, kept for as long as the process runs. Node writes them
 * as literals with computed keys, and V8 remembers one shape for such a literal: when a full garbage collection finds none
 * of them alive, that shape is forgotten, the next one differs from the remembered one, and from then on each member is
 * set by a call into the runtime. An HTTP request takes six ticks, and each then costs ten times as much (0.03 and 0.3 µs
 * on Node 24). Import this before anything else: what is forgotten once stays slow. Nothing depends on it.
 */
export const keptTick: object = await new Promise((resolve) => {
  process.nextTick(() => { resolve(executionAsyncResource()) })
})
