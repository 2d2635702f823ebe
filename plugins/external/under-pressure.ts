import underPressure from '@fastify/under-pressure'
import fp from 'fastify-plugin'
import type { AppOptions } from '../app-options.ts'

/** How often the event loop's delay is read, in milliseconds. */
export const SAMPLE_MS = 1000

/**
 * Measures the event loop's delay. No limits are given: the plugin would refuse on a single bad second, plugins/edge/
 * capacity.ts waits for a second one.
 */
export default fp<AppOptions>(async (app, { telemetry }) => {
  await app.register(underPressure, { sampleInterval: SAMPLE_MS })
  const delay = telemetry.level('event_loop_delay_seconds')
  telemetry.beforeScrape(() => { delay.set(app.memoryUsage().eventLoopDelay / 1000) })
}, { name: 'loop-delay' })
