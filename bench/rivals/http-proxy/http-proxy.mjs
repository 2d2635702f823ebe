// @fastify/http-proxy as its readme starts it: one upstream, nothing else set. No credential, limit or log. argv: port, origin of the upstream.
import fastify from 'fastify'
import httpProxy from '@fastify/http-proxy'

const [port, upstream] = process.argv.slice(2)
const app = fastify({ logger: false, bodyLimit: 4 * 1024 * 1024 })
app.register(httpProxy, { upstream })
await app.listen({ host: '127.0.0.1', port: Number(port) })
process.on('SIGTERM', () => { app.close().then(() => process.exit(0), () => process.exit(1)) })
