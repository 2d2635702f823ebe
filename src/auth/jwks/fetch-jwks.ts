/** Gets the JSON behind a key-set URL, or rejects. Tests and other transports bring their own. */
export type FetchJwks = (url: string, signal: AbortSignal) => Promise<unknown>

/** Key sets of large issuers are 5 to 20 KB. */
export const MAX_JWKS_BYTES = 262_144

/**
 * Fetches a key set. Only https, or http to this machine; no redirects, because the operator named this place and no
 * other; at most 256 KiB after decompression; status 200.
 * @throws Error whose message says what was wrong, for the log
 */
export async function fetchJwks (url: string, signal: AbortSignal): Promise<unknown> {
  const target = new URL(url)
  if (!isSafe(target)) throw new Error('a key set is fetched over https only, or over http from a loopback address')
  const response = await fetch(target, { signal, redirect: 'error', headers: { accept: 'application/jwk-set+json, application/json' } })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`the key set answered with status ${response.status}`)
  }
  return JSON.parse(await readText(response))
}

function isSafe ({ protocol, hostname }: URL): boolean {
  if (protocol === 'https:') return true
  return protocol === 'http:' && (hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname))
}

async function readText (response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    // Leaving the loop cancels the body.
    if (bytes > MAX_JWKS_BYTES) throw new Error(`the key set is larger than ${MAX_JWKS_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
