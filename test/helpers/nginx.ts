/** A real nginx in front of replicas, by the rules that a production one needs (FR32, FR33, rulings 7). */
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { send } from './http-exchange.ts'
import { runNginx, type NginxProcess } from './run-nginx.ts'

/** Where a replica listens, and the tag its session ids begin with. */
export interface NginxTarget { readonly name: string, readonly port: number }

export interface NginxOptions {
  readonly targets: readonly NginxTarget[]
  /** `tag`: session ids go to the replica that they name, everything else by credential. `round-robin`: each request to the next replica. Default `tag`. */
  readonly stickiness?: 'tag' | 'round-robin'
  /** How long an idle connection to a replica is kept, in milliseconds; less than the 75 s of the gateway (FR33). Default 60 000. */
  readonly keepAliveMs?: number
}

export interface TestNginx extends Pick<NginxProcess, 'log' | 'workers' | 'reload' | 'stop'> {
  readonly url: string
}

/** Longer than a call may take (`maxTimeoutMs`), so that it is never nginx that gives up. */
const READ_TIMEOUT_S = 610

/** Starts nginx on a free port and waits until it listens; not until a replica answers. */
export async function startNginx (options: NginxOptions): Promise<TestNginx> {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-nginx-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  await writeFile(join(dir, 'nginx.conf'), nginxConfig(options, port, dir))
  return { url, ...await runNginx({ dir, isReady: async () => (await send(`${url}/nginx-is-up`)).status === 204 }) }
}

function nginxConfig (options: NginxOptions, port: number, dir: string): string {
  return `
pid ${dir}/nginx.pid;
error_log stderr error;
worker_processes 2;
# Old workers of a reload finish what they have: longer than any call (FR32).
worker_shutdown_timeout ${READ_TIMEOUT_S + 10}s;
events { worker_connections 4096; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${dir}/${name};`).join(' ')}
${upstreams(options)}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    client_max_body_size 5m;
    client_body_buffer_size 64k;
    large_client_header_buffers 4 16k;
    location = /nginx-is-up { return 204; }
    location / {
      proxy_pass http://$drawbridge;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      # A body is there in whole before a replica is chosen, so that one that was not sent can go to another.
      proxy_request_buffering on;
      # A POST that was sent is never sent twice: no non_idempotent here.
      proxy_next_upstream error timeout;
      proxy_next_upstream_tries 3;
      proxy_connect_timeout 1s;
      proxy_read_timeout ${READ_TIMEOUT_S}s;
      proxy_send_timeout 60s;
      proxy_socket_keepalive on;
      # Event streams say X-Accel-Buffering: no; what else comes may be buffered for slow readers.
      proxy_buffering on;
      # A client that leaves is a call that may be cancelled.
      proxy_ignore_client_abort off;
    }
  }
}
`
}

/**
 * No replica is ever left out for what went wrong before: a refused connection costs nothing and the next replica gets the
 * request, but when all are left out, as in a rolling restart, nginx answers 502 itself though they live.
 */
const FAILED = 'max_fails=0'

function upstreams ({ targets, stickiness = 'tag', keepAliveMs = 60_000 }: NginxOptions): string {
  const kept = `keepalive 128; keepalive_timeout ${keepAliveMs}ms;`
  const all = targets.map(({ port }) => `server 127.0.0.1:${port} ${FAILED};`).join(' ')
  if (stickiness === 'round-robin') return `  upstream drawbridge { ${all} ${kept} }\n  map $host $drawbridge { default drawbridge; }`
  const own = targets.map(({ name, port }) => {
    const others = targets.filter((other) => other.port !== port).map((other) => `server 127.0.0.1:${other.port} ${FAILED} backup;`)
    return `  upstream drawbridge_${name} { server 127.0.0.1:${port} ${FAILED}; ${others.join(' ')} ${kept} }`
  })
  const tags = targets.map(({ name }) => `~^${name}- drawbridge_${name};`).join(' ')
  return `
  upstream drawbridge { hash $http_authorization$http_x_api_key consistent; ${all} ${kept} }
${own.join('\n')}
  # The tag is a hint: whoever gets a session id that is another's hands the request over.
  map $http_mcp_session_id $drawbridge_session { default drawbridge; ${tags} }
  map $arg_session_id $drawbridge { default $drawbridge_session; ${tags} }`
}
