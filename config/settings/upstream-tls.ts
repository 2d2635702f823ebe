import { X509Certificate, createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'
import type { TlsSettings } from '../../src/shared/settings/tls.ts'
import type { ServerEntry } from '../schema/server-entry.ts'

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** What reading the files needs. */
interface TlsContext {
  readonly place: Place
  readonly workingDirectory: string
  readonly report: Report
}

/**
 * Reads the files of `tls` and looks into them: OpenSSL takes an authority file without certificates for an empty list,
 * and a key that is not the certificate's would only show with the first call.
 */
export function buildTls (tls: NonNullable<ServerEntry['tls']>, context: TlsContext): TlsSettings {
  const ca = readPem(tls.caFile, 'caFile', context)
  const cert = readPem(tls.certFile, 'certFile', context)
  const key = readPem(tls.keyFile, 'keyFile', context)
  if (ca !== undefined) parsed(ca, 'caFile', certificates, context)
  checkPair(tls, { cert, key }, context)
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(tls.servername === undefined ? {} : { servername: tls.servername })
  }
}

function checkPair (tls: NonNullable<ServerEntry['tls']>, { cert, key }: { cert: string | undefined, key: string | undefined }, context: TlsContext): void {
  const { report, place } = context
  if ((tls.certFile === undefined) !== (tls.keyFile === undefined)) {
    const missing = tls.certFile === undefined ? 'certFile' : 'keyFile'
    return report.fault(within(place, missing), `expected the file of the ${missing === 'keyFile' ? "certificate's key" : "key's certificate"}, because a client certificate needs both, but the key is missing`)
  }
  const [own] = cert === undefined ? [] : parsed(cert, 'certFile', certificates, context) ?? []
  const privateKey = key === undefined ? undefined : parsed(key, 'keyFile', createPrivateKey, context)
  if (own !== undefined && privateKey !== undefined && !isPair(own, privateKey)) report.fault(within(place, 'keyFile'), 'expected the key of the certificate in certFile, got another one')
}

function isPair (certificate: X509Certificate, key: KeyObject): boolean {
  return certificate.checkPrivateKey(key)
}

function certificates (pem: string): X509Certificate[] {
  const blocks = pem.match(CERTIFICATE)
  if (blocks === null) throw new Error('no certificate')
  return blocks.map((block) => new X509Certificate(block))
}

/** Parsers say in many ways what is wrong, some of them with parts of the text; one sentence is enough. */
function parsed<T> (pem: string, key: 'caFile' | 'certFile' | 'keyFile', parse: (pem: string) => T, { place, report }: TlsContext): T | undefined {
  try {
    return parse(pem)
  } catch {
    report.fault(within(place, key), key === 'keyFile' ? 'expected a private key in PEM, without a passphrase' : 'expected certificates in PEM')
    return undefined
  }
}

function readPem (file: string | undefined, key: string, { place, workingDirectory, report }: TlsContext): string | undefined {
  if (file === undefined) return undefined
  try {
    return readFileSync(resolve(workingDirectory, file), 'utf8')
  } catch (cause) {
    report.fault(within(place, key), `the file cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'})`)
    return undefined
  }
}
