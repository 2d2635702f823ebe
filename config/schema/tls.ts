import { Type } from 'typebox'
import { text } from './terms.ts'

/** `tls` of whatever is called over https. */
export const tls = Type.Optional(Type.Object({
  caFile: text('PEM file of the certificate authorities to trust in place of the system\'s, relative to the working directory.'),
  certFile: text('PEM file of the client certificate, with its chain. Together with keyFile.'),
  keyFile: text('PEM file of the client certificate\'s key, without a passphrase.'),
  servername: text('Name that the server\'s certificate has to be for, when it is not the host of the URL.', { maxLength: 253, pattern: '^[A-Za-z0-9_-]+(?:[.][A-Za-z0-9_-]+)*$', 'x-expected': 'a host name' })
}, { additionalProperties: false, description: 'Certificates of the connection. Files are read when the configuration is. Verification cannot be turned off.' }))
