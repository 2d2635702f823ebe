import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, launch, launchNode, untilListening, type Launched } from '../machine/launch.ts'
import { httpProxyFile, workDir } from '../rivals/install.ts'
import { nginxFile } from '../rivals/nginx.ts'
import { urlOf } from './backends.ts'
import type { BackendUrl, Target } from './target.ts'

const HTTP = { children: 'none', users: 0, maxSessions: 1000, takes: ['http', 'http-modern'] } as const

/** The load talks to the server itself: what there is to gain, and to lose. */
const direct: Target = {
  ...HTTP,
  id: 'direct',
  family: 'direct',
  label: 'floor: no gateway',
  // It has no process of its own: all that is measured is the server's.
  start: (server) => {
    const { process, port, path } = urlOf(server)
    return Promise.resolve({ process: { ...process, pid: -1 }, endpoint: { kind: 'mcp', port, path, credentials: [] } })
  }
}

const proxy = (target: Pick<Target, 'id' | 'family' | 'label'>, run: (port: number, server: BackendUrl) => Launched): Target => ({
  ...HTTP,
  ...target,
  start: async (server) => {
    const [url, port] = [urlOf(server), await freePort()]
    const process = run(port, url)
    await untilListening(process, port)
    return { process, endpoint: { kind: 'mcp', port, path: url.path, credentials: [] } }
  }
})

/** One worker, connections to the server kept, bodies in memory, no access log: as fast as it forwards. */
const nginxFileText = (port: number, home: string, server: BackendUrl): string => `
daemon off; worker_processes 1; pid ${home}/pid; error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off; tcp_nodelay on; keepalive_requests 1000000000; keepalive_timeout 600s; client_max_body_size 8m; client_body_buffer_size 2m;
  proxy_buffer_size 16k; proxy_buffers 64 32k;
  client_body_temp_path ${home}/body; proxy_temp_path ${home}/proxy; fastcgi_temp_path ${home}/f; uwsgi_temp_path ${home}/u; scgi_temp_path ${home}/s;
  upstream mcp { server 127.0.0.1:${server.port}; keepalive 128; keepalive_requests 1000000000; keepalive_timeout 600s; }
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://mcp; proxy_http_version 1.1; proxy_set_header Connection ""; } }
}
`

function runNginx (port: number, server: BackendUrl): Launched {
  const home = join(workDir, 'nginx-home', String(port))
  mkdirSync(home, { recursive: true })
  const file = join(home, 'nginx.conf')
  writeFileSync(file, nginxFileText(port, home, server))
  return launch([nginxFile(), '-p', home, '-c', file], server.tag)
}

/** What forwards HTTP to HTTP, without a word of MCP. */
export const httpRivals: readonly Target[] = [
  direct,
  proxy({ id: 'nginx', family: 'nginx', label: 'nginx proxy_pass, keepalive, one worker' }, runNginx),
  proxy({ id: 'http-proxy', family: 'http-proxy', label: '@fastify/http-proxy, default' }, (port, { origin, tag }) => launchNode([httpProxyFile, String(port), origin], tag))
]
