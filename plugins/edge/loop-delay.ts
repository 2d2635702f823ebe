import { monitorEventLoopDelay } from 'node:perf_hooks'
import fp from 'fastify-plugin'
import type { AppOptions } from '../app-options.ts'

/** How often the event loop's delay is read, in milliseconds. */
const SAMPLE_MS = 1000
/** Of the timer that measures it, in milliseconds. */
const RESOLUTION_MS = 10

declare module 'fastify' {
  interface FastifyInstance {
    /** Mean delay of the event loop over the last second, in milliseconds. */
    loopDelayMs: () => number
  }
}

/**
 * Measures the event loop's delay, and nothing else: @fastify/under-pressure also asks the system for the process's memory on
 * a timer of its own, which throws where no descriptor is left, and ends the gateway (FR34).
 */
export default fp<AppOptions>(async (app, { telemetry }) => {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  let delayMs = 0
  const timer = setInterval(() => {
    // NaN while nothing was measured.
    delayMs = Math.max(0, histogram.mean / 1e6 - RESOLUTION_MS) || 0
    histogram.reset()
  }, SAMPLE_MS).unref()
  histogram.enable()
  app.decorate('loopDelayMs', () => delayMs)
  app.addHook('onClose', (_instance, done) => {
    clearInterval(timer)
    histogram.disable()
    done()
  })
  const delay = telemetry.level('event_loop_delay_seconds')
  telemetry.beforeScrape(() => { delay.set(delayMs / 1000) })
}, { name: 'loop-delay' })
