#!/usr/bin/env node
/**
 * The health check of a container: exits 0 if the gateway of this container takes traffic (`/ready` answers 200), else 1 and
 * says why in one line. HOST and PORT are those that the gateway listens on; a wildcard address is asked on the loopback.
 * Loads nothing of the project: it runs every few seconds.
 */
import { get } from 'node:http'

/** Below the timeout of the image's HEALTHCHECK, so that there is a reason to read. */
const TIMEOUT_MS = 3000
const WILDCARDS = { '0.0.0.0': '127.0.0.1', '::': '::1' }

const host = process.env.HOST || '127.0.0.1'
const port = Number(process.env.PORT || 8080)
// By name `localhost`, which is allowed wherever the gateway listens.
const request = get({ host: WILDCARDS[host] ?? host, port, path: '/ready', headers: { host: 'localhost' }, timeout: TIMEOUT_MS }, (response) => {
  response.resume()
  end(response.statusCode === 200 ? undefined : `/ready answers ${response.statusCode}`)
})
request.on('timeout', () => end(`/ready does not answer within ${TIMEOUT_MS} ms`))
request.on('error', (error) => end(`${host}:${port} cannot be reached (${error.code ?? error.message})`))

/** @param {string | undefined} failure */
function end (failure) {
  process.stdout.write(`${failure ?? 'ready'}\n`)
  process.exit(failure === undefined ? 0 : 1)
}
