// The floor that every ratio of CPU refers to: Fastify as it comes, one route that answers a JSON POST with its body.
// No credential, no limit, no MCP, no child. argv: port.
import fastify from 'fastify'

const app = fastify({ logger: false, bodyLimit: 4 * 1024 * 1024 })
app.post('/echo', (request, reply) => { reply.send(request.body) })
await app.listen({ host: '127.0.0.1', port: Number(process.argv[2]) })
process.on('SIGTERM', () => { app.close().then(() => process.exit(0), () => process.exit(1)) })
