/** Port of the proxy on the loopback of each worker's own network namespace. */
export const PROXY_PORT = 3128

const PROXY_URL = `http://127.0.0.1:${PROXY_PORT}`

/**
 * Variables by which programs find the proxy: curl, Python, Go and npm read the first six, Node's fetch and http from 24
 * on need the switch. The worker's own loopback is reached without it.
 */
export const PROXY_ENV: Readonly<Record<string, string>> = Object.freeze({
  HTTP_PROXY: PROXY_URL,
  HTTPS_PROXY: PROXY_URL,
  ALL_PROXY: PROXY_URL,
  http_proxy: PROXY_URL,
  https_proxy: PROXY_URL,
  all_proxy: PROXY_URL,
  NO_PROXY: 'localhost,127.0.0.1,::1',
  no_proxy: 'localhost,127.0.0.1,::1',
  NODE_USE_ENV_PROXY: '1'
})
