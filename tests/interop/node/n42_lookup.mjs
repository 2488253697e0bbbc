// SPDX-License-Identifier: Apache-2.0
// Looks a participant up with @n42/edelivery, a client that we did not write; prints one JSON object.
//
//   node n42_lookup.mjs NODE_MODULES DNS_HOST:PORT PARTICIPANT [DOCUMENT_TYPE]
//
// PARTICIPANT is written with its scheme, DOCUMENT_TYPE without. The client asks the zone of the acceptance network,
// whatever happens, so the one thing that is set is the name server. Printed are the URL of the service group, its
// references and the endpoint for DOCUMENT_TYPE (the first reference's without one); or the client's error with exit
// status 1, and as `dns` the error of its DNS query, which version 0.2.85 loses on its way (it names an error code that
// it doesn't have).

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import dns from "node:dns/promises";

const [modules, server, receiverId, documentType] = process.argv.slice(2);
dns.setServers([server]);

let failed;
const resolveNaptr = dns.resolveNaptr;
dns.resolveNaptr = (name) =>
  resolveNaptr.call(dns, name).catch((error) => {
    failed = error.code;
    throw error;
  });

const entry = createRequire(join(modules, "x.js")).resolve("@n42/edelivery");
const { lookupParticipant, N42Context } = await import(pathToFileURL(entry));
const { lookupParticipantServiceUrls, resolveSmpUrl } = await import(new URL("lookup.js", pathToFileURL(entry)));
const context = new N42Context({ env: "test", receiverId, documentType, timeout: 20_000 });
try {
  const group = await resolveSmpUrl(context);
  const references = await lookupParticipantServiceUrls(context);
  console.log(JSON.stringify({ group, references, ...(await lookupParticipant(context)) }));
} catch (error) {
  console.log(JSON.stringify({ dns: failed, error: error.code, retryable: error.retryable, text: error.message }));
  process.exitCode = 1;
}
