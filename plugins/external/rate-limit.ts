import rateLimit from '@fastify/rate-limit'
import fp from 'fastify-plugin'
import type { AppOptions } from '../app-options.ts'
import { windowStore } from '../edge/window-store.ts'

/** Milliseconds; the setting says per minute. */
const WINDOW_MS = 60_000

/**
 * Gives the instance `createRateLimit`, which the credential guard uses to count refused requests by address (T13, T55).
 * No route is limited by this plugin itself: what a known caller may do is src/limits'.
 */
export default fp<AppOptions>(async (app, { settings, clock, addressCounts }) => {
  await app.register(rateLimit, {
    global: false,
    max: settings.limits.ipRequestsPerMinute,
    timeWindow: WINDOW_MS,
    store: windowStore(clock, addressCounts)
  })
}, { name: 'rate-limit-on-demand' })
