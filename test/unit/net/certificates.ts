import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A certificate and its key, in PEM. */
export interface Issued { readonly cert: string, readonly key: string, readonly certFile: string, readonly keyFile: string }

/** A certificate authority of its own, and what it issues. */
export interface Authority {
  readonly ca: string
  readonly caFile: string
  /** @param names `DNS:name` or `IP:address`, joined with commas */
  issue (commonName: string, names: string): Issued
}

/** Makes an authority with openssl, in a folder that goes with the test. */
export function createAuthority (test: { after (end: () => void): void }): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-tls-'))
  test.after(() => rmSync(folder, { recursive: true, force: true }))
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  const file = (name: string) => join(folder, name)
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl('req', '-x509', ...newKey, '-days', '2', '-subj', '/CN=Test authority', '-keyout', 'ca.key', '-out', 'ca.pem', '-addext', 'basicConstraints=critical,CA:TRUE')
  let issued = 0
  return {
    ca: readFileSync(file('ca.pem'), 'utf8'),
    caFile: file('ca.pem'),
    issue (commonName, names) {
      const name = `own-${++issued}`
      writeFileSync(file(`${name}.ext`), `subjectAltName=${names}\n`)
      openssl('req', ...newKey, '-subj', `/CN=${commonName}`, '-keyout', `${name}.key`, '-out', `${name}.csr`)
      openssl('x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', `${name}.ext`, '-out', `${name}.pem`)
      return { cert: readFileSync(file(`${name}.pem`), 'utf8'), key: readFileSync(file(`${name}.key`), 'utf8'), certFile: file(`${name}.pem`), keyFile: file(`${name}.key`) }
    }
  }
}
