/** The program of one of several gateway processes (`processes: N`); the primary starts it, see src/processes. */
// First: it says why.
import './src/shared/kept-tick.ts'
import { joinPrimary } from './src/processes/index.ts'
import { serveMember } from './server.ts'

joinPrimary({ serve: serveMember })
