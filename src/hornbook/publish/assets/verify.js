"use strict";
/* Checks the files that this page carries, and shows nothing of them before that. Only a course that has signed is asked anything:
   whether the key is its own, and whether it has taken the credential back. */
(async () => {
  const $ = (id) => document.getElementById(id);
  const refused = (reason) => Object.assign(new Error(reason), { refused: true });
  const bytesOf = (base64) => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const textOf = (bytes) => new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const sri = async (bytes) => "sha256-" + btoa(String.fromCharCode(...(await sha256(bytes))));

  /* RFC 8785. JSON.stringify writes numbers and texts as it asks for, and sort() compares UTF-16 code units, as it asks for, too. */
  const canonical = (value) =>
    Array.isArray(value)
      ? `[${value.map(canonical).join(",")}]`
      : value && typeof value === "object"
        ? `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`
        : JSON.stringify(value);

  const from58 = (text) => {
    const digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    if (text.length > 200) throw refused("A key or a signature cannot be read.");
    let number = 0n;
    for (const char of text) {
      const digit = digits.indexOf(char);
      if (digit < 0) throw refused("A key or a signature cannot be read.");
      number = number * 58n + BigInt(digit);
    }
    let hex = number.toString(16);
    if (hex.length % 2) hex = "0" + hex;
    const zeros = /^1*/.exec(text)[0].length;
    return Uint8Array.from([...Array(zeros).fill(0), ...(number ? hex.match(/../g).map((pair) => parseInt(pair, 16)) : [])]);
  };

  const list = (value) => (Array.isArray(value) ? value : value === undefined ? [] : [value]);
  const parsed = (bytes, what) => {
    try {
      return JSON.parse(textOf(bytes));
    } catch {
      throw refused(`${what} cannot be read.`);
    }
  };

  const checkSignature = async (credential) => {
    const { proof, ...document_ } = credential;
    const proofs = list(proof).filter((one) => one?.cryptosuite === "eddsa-jcs-2022");
    if (proofs.length !== 1) throw refused("The signature over the whole credential is missing.");
    if (!list(proof).some((one) => one?.cryptosuite === "eddsa-rdfc-2022")) throw refused("One of the two signatures is missing.");
    const { proofValue, ...options } = proofs[0];
    const [controller, fragment = ""] = String(options.verificationMethod).split("#");
    const itself = controller.startsWith("did:key:") ? controller === `did:key:${fragment}` : controller.startsWith("did:web:");
    if (controller !== issuerOf(credential) || !itself) throw refused("It was signed with a key that is not the issuer’s.");
    if (options.type !== "DataIntegrityProof" || options.proofPurpose !== "assertionMethod") throw refused("The signature was made for another purpose.");
    if (canonical(options["@context"]) !== canonical(document_["@context"])) throw refused("The signature was made under other contexts.");
    const key = from58(fragment.slice(1));
    if (fragment[0] !== "z" || key.length !== 34 || key[0] !== 0xed || key[1] !== 0x01) throw refused("The issuer’s key is of another kind.");
    const encoder = new TextEncoder();
    const parts = [await sha256(encoder.encode(canonical(options))), await sha256(encoder.encode(canonical(document_)))];
    const signed = new Uint8Array([...parts[0], ...parts[1]]);
    let holds = false;
    try {
      const imported = await crypto.subtle.importKey("raw", key.slice(2), { name: "Ed25519" }, false, ["verify"]);
      holds = await crypto.subtle.verify({ name: "Ed25519" }, imported, from58(String(proofValue).slice(1)), signed);
    } catch (error) {
      if (error.refused) throw error;
      throw Object.assign(new Error("This browser cannot check Ed25519 signatures."), { unable: true });
    }
    if (!holds || String(proofValue)[0] !== "z") throw refused("The signature does not fit the credential: it was changed after it was signed.");
  };

  const issuerOf = (credential) => credential.issuer?.id ?? credential.issuer;

  const checkDates = (credential) => {
    const now = Date.now();
    const from = Date.parse(credential.validFrom);
    if (!(from <= now)) throw refused("The credential does not hold yet.");
    if (credential.validUntil !== undefined && !(Date.parse(credential.validUntil) >= now)) throw refused("The credential has expired.");
  };

  const nameOf = ({ issuer }) => (typeof issuer?.name === "string" ? issuer.name : "");

  const isBefore = (one, two) => {
    const times = [Date.parse(one.validFrom), Date.parse(two.validFrom)];
    return times[0] === times[1] ? one.id < two.id : times[0] < times[1];
  };

  const checkFiles = async (files, credential) => {
    const manifest = files["manifest.json"];
    if (!manifest) throw refused("The list of files is missing.");
    if ((await sri(manifest)) !== list(credential.relatedResource)[0]?.digestSRI) throw refused("The list of files is not the one that was signed.");
    const entries = parsed(manifest, "The list of files").files;
    for (const { path, digestSRI } of entries) {
      if (!files[path]) throw refused(`The file ${path} is missing.`);
      if ((await sri(files[path])) !== digestSRI) throw refused(`The file ${path} was changed after it was signed.`);
    }
    for (const needed of ["notebook.html", "report.html"]) {
      if (!entries.some(({ path }) => path === needed)) throw refused(`The file ${needed} is not among those that were signed.`);
    }
    return entries;
  };

  /* What the signed verdict says it is worth. Nobody can make more of their own word than that. */
  const assuranceOf = (files, credential) => {
    const { assurance } = parsed(files["verdict.json"] ?? new Uint8Array(), "The verdict");
    if (assurance === "course-checked" && issuerOf(credential) === credential.credentialSubject?.id) {
      throw refused("It says that a course has checked it, and was signed by the learner alone.");
    }
    return assurance;
  };

  /* Of whoever has said something twice, the last word. What has expired is not shown, and does not pull the work down with it. */
  const checkEndorsements = async (files, credential) => {
    const found = new Map();
    for (const [name, data] of Object.entries(files).filter(([name]) => name.startsWith("endorsements/"))) {
      const endorsement = parsed(data, `The endorsement ${name}`);
      await checkSignature(endorsement);
      const about = list(endorsement.relatedResource)[0]?.digestSRI === (await sri(files["credential.json"]));
      if (!about || endorsement.credentialSubject?.id !== credential.id || issuerOf(endorsement) === credential.credentialSubject?.id) {
        throw refused("An endorsement is about another piece of work.");
      }
      const said = endorsement.credentialSubject.endorsementComment;
      if (!list(endorsement.type).includes("EndorsementCredential") || typeof said !== "string" || !said.trim() || [...said].length > 1000) {
        throw refused("An endorsement is none, or says nothing, or too much.");
      }
      if ([...nameOf(endorsement)].length > 200) throw refused("Whoever made an endorsement has a longer name than anybody reads.");
      if (endorsement.validUntil !== undefined && Date.parse(endorsement.validUntil) < Date.now()) continue;
      checkDates(endorsement);
      const before = found.get(issuerOf(endorsement));
      if (!before || isBefore(before, endorsement)) found.set(issuerOf(endorsement), endorsement);
    }
    return [...found.values()].sort((one, two) => (isBefore(one, two) ? -1 : 1));
  };

  const asked = async (url) => {
    const options = { cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer", signal: AbortSignal.timeout(5000) };
    const answer = await fetch(url, options);
    if (!answer.ok) throw new Error(`the server says ${answer.status}`);
    return answer.json();
  };

  const didAddress = (did) => {
    const [host, ...path] = did.slice("did:web:".length).split(":").map(decodeURIComponent);
    const scheme = /^(localhost|127\.0\.0\.1)(:|$)/.test(host) ? "http" : "https";
    return `${scheme}://${host}/${path.length ? path.join("/") : ".well-known"}/did.json`;
  };

  const isRevoked = async (entry, issuer) => {
    const found = await asked(entry.statusListCredential);
    await checkSignature(found);
    checkDates(found);
    if (issuerOf(found) !== issuer || found.id !== entry.statusListCredential) throw new Error("the list there is another one than the issuer’s");
    const text = String(found.credentialSubject?.encodedList);
    const packed = bytesOf(text.slice(1).replaceAll("-", "+").replaceAll("_", "/"));
    const bits = new Uint8Array(await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
    const place = Number(entry.statusListIndex);
    if (found.credentialSubject?.statusPurpose !== "revocation" || bits.length * 8 < 131072 || !(place < bits.length * 8)) {
      throw new Error("the list there is too short to be one");
    }
    return Boolean(bits[place >> 3] & (128 >> (place & 7)));
  };

  /* What the issuer says of it today: what holds, and what could not be told. Throws what the issuer denies. */
  const lookedUp = async (credential) => {
    const issuer = issuerOf(credential);
    const [held, limits] = [[], []];
    if (issuer.startsWith("did:web:")) {
      try {
        const { id, assertionMethod, verificationMethod } = await asked(didAddress(issuer));
        const methods = list(credential.proof).map((proof) => proof.verificationMethod);
        const listed = (method) =>
          id === issuer &&
          list(assertionMethod).includes(method) &&
          list(verificationMethod).some((one) => one.id === method && one.controller === issuer && one.publicKeyMultibase === method.split("#")[1]);
        if (!methods.every(listed)) throw refused(`${issuer} does not list the key that signed this credential.`);
        held.push(`${issuer} lists this key as its own today.`);
      } catch (error) {
        if (error.refused) throw error;
        limits.push(`Whether ${issuer} lists this key as its own: it could not be asked (${error.message}).`);
      }
    } else {
      limits.push("Who the issuer is: the credential was issued by whoever has its key.");
    }
    const entry = credential.credentialStatus;
    if (!entry) return { held, limits: [...limits, "Whether the issuer has taken it back: this credential cannot be."] };
    try {
      if (await isRevoked(entry, issuer)) throw Object.assign(refused(`${issuer} has revoked this credential.`), { revoked: true });
      held.push(`${issuer} has not revoked it: its list says so.`);
    } catch (error) {
      if (error.revoked) throw error;
      limits.push(`Whether it was revoked: the issuer’s list could not be read (${error.message}).`);
    }
    return { held, limits };
  };

  const item = (text, word) => {
    const made = document.createElement("li");
    if (word) {
      const mark = made.appendChild(document.createElement("b"));
      mark.textContent = word;
      made.append(" ");
    }
    made.append(text);
    return made;
  };
  const tell = (kind, state, detail) => {
    $("seal").className = `seal ${kind}`;
    $("state").textContent = state;
    $("detail").textContent = detail;
  };

  const show = (files, credential, entries) => {
    $("report").innerHTML = textOf(files["report.html"]);
    const frame = $("notebook");
    frame.addEventListener("load", () => {
      const fit = () => {
        const body = frame.contentDocument?.body;
        if (body) frame.style.height = `${body.scrollHeight + 4}px`;
      };
      fit();
      addEventListener("resize", fit);
      addEventListener("beforeprint", fit);
    });
    frame.srcdoc = textOf(files["notebook.html"]);
    $("work").hidden = $("proof").hidden = false;
    $("checked").append(
      item("The signature fits every character of the credential.", "✓ held"),
      item(`The list of files is the one that was signed, and all ${entries.length} files fit it.`, "✓ held"),
      item("What you read above was drawn from those files.", "✓ held"),
      item("The credential holds at this time.", "✓ held"),
    );
    $("limits").append(
      item("Who typed the code. A signature names a key, not a person."),
      item("Whether what the notebook shows below its cells came from them. The checks ran its code anew, and compared by themselves."),
      item("The second signature, over the meaning of the words, which wallets look at. hornbook verify checks both."),
    );
    const facts = { Credential: credential.id, "Signed by": issuerOf(credential), Learner: credential.credentialSubject?.id, Issued: credential.validFrom };
    for (const [name, value] of Object.entries(facts)) {
      $("facts").appendChild(document.createElement("dt")).textContent = name;
      $("facts").appendChild(document.createElement("dd")).textContent = String(value);
    }
    const types = Object.fromEntries(entries.map(({ path, mediaType }) => [path, mediaType]));
    for (const name of Object.keys(files)) {
      if (name === "index.html") continue;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = `Save ${name}`;
      button.addEventListener("click", () => {
        save([files[name]], name, types[name] === "image/png" ? "image/png" : "application/octet-stream");
      });
      $("files").appendChild(document.createElement("li")).append(button);
    }
  };

  const showEndorsements = (found) => {
    for (const endorsement of found) {
      const figure = $("others").appendChild(document.createElement("figure"));
      const said = figure.appendChild(document.createElement("blockquote"));
      said.textContent = endorsement.credentialSubject.endorsementComment;
      said.dir = "auto";
      const by = figure.appendChild(document.createElement("figcaption"));
      /* On its own, so that no name can turn the direction of what stands after it. */
      by.appendChild(document.createElement("bdi")).textContent = nameOf(endorsement) || "Somebody";
      const issuer = String(issuerOf(endorsement));
      by.append(`, as they call themselves, on ${String(endorsement.validFrom).slice(0, 10)}`);
      /* A did:key is the key that was checked. Of another identifier only its owner can say whose key it is, and nobody asks them here. */
      if (!issuer.startsWith("did:key:")) {
        by.append("; signed in the name of ");
        by.appendChild(document.createElement("bdi")).textContent = issuer;
        by.append(", which was not asked");
      }
      by.title = issuer;
    }
    if (found.length) {
      $("limits").append(item("Who those are that endorsed it, and whether they stand by it today: their signatures name keys, and nobody asks them from here."));
    }
    $("endorsed").hidden = !found.length;
  };

  const save = (parts, name, type) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(parts, { type }));
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  };

  /* What a reader wants to say, as a file that they sign where their key is. No key is ever in a page. */
  const offerDraft = (data) => {
    $("draft").addEventListener("submit", (event) => {
      event.preventDefault();
      const comment = $("comment").value.trim();
      $("drafted").replaceChildren();
      if (!comment) {
        $("drafted").textContent = "An endorsement says something. Write what you have seen, then save the draft.";
        $("comment").focus();
        return;
      }
      const draft = { format: "urn:hornbook:schema:endorsement-draft:1", comment, name: $("called").value.trim(), credential: data["credential.json"] };
      save([`${JSON.stringify(draft, null, 1)}\n`], "endorsement-draft.json", "application/json");
      const next = $("drafted").appendChild(document.createElement("p"));
      const command = document.createElement("code");
      command.textContent = "hornbook endorse endorsement-draft.json";
      next.append("Saved endorsement-draft.json. Next, where hornbook is installed: ", command, ". It signs the draft with your own key and writes endorsement.json, which you send to whoever made the work.");
    });
    $("endorse").hidden = false;
  };

  /* Where the page is on the web, it can be handed on. */
  const showShare = (credential, assurance) => {
    if (!/^https?:$/.test(location.protocol)) return;
    const address = location.href.split(/[?#]/)[0];
    const beside = (name) => new URL(name, address).href;
    const issued = new Date(credential.validFrom);
    const linked = new URLSearchParams({
      startTask: "CERTIFICATION_NAME",
      name: `${credential.name} (${assurance})`,
      organizationName: credential.issuer?.name ?? "",
      issueYear: issued.getUTCFullYear(),
      issueMonth: issued.getUTCMonth() + 1,
      certUrl: address,
      certId: credential.id,
    });
    $("linkedin").href = `https://www.linkedin.com/profile/add?${linked}`;
    $("verifierplus").href = `https://verifierplus.org/#verify?vc=${encodeURIComponent(beside("credential.json"))}`;
    const name = credential.name.replace(/[\\`*_[\]<>&"]/g, " ");
    $("readme").textContent = `[![${name}](${beside("badge.svg")})](${address})`;
    $("embed").textContent = `<iframe src="${address}" title="${name}" width="760" height="600" loading="lazy"></iframe>`;
    $("share").hidden = false;
  };

  try {
    if (!globalThis.crypto?.subtle) throw Object.assign(new Error("This browser gives no cryptography to a page opened this way."), { unable: true });
    tell("waiting", "Checking", "The signature and the files are being checked in your browser.");
    const carried = parsed(new TextEncoder().encode($("data").textContent), "What this page carries");
    let files;
    try {
      files = Object.fromEntries(Object.entries(carried).map(([name, data]) => [name, bytesOf(data)]));
    } catch {
      throw refused("What this page carries cannot be read.");
    }
    if (!files["credential.json"]) throw refused("The credential is missing.");
    const credential = parsed(files["credential.json"], "The credential");
    await checkSignature(credential);
    checkDates(credential);
    const entries = await checkFiles(files, credential);
    const assurance = assuranceOf(files, credential);
    const endorsements = await checkEndorsements(files, credential);
    show(files, credential, entries);
    showEndorsements(endorsements);
    offerDraft(carried);
    showShare(credential, assurance);
    const issued = new Date(credential.validFrom).toISOString().slice(0, 10);
    const signed = `Signed on ${issued}; nothing was changed since. It does not prove who typed the code.`;
    if (assurance === "self-checked") {
      tell("good", "Intact. Self-checked by the learner.", signed);
      $("limits").append(
        item("Whether the learner’s own machine graded it as it should. Nobody else was there."),
        item("Whether the issuer has taken it back: credentials of this kind cannot be revoked."),
      );
    } else {
      const state = `Intact. Course-checked, in the name of ${credential.issuer?.name || "somebody"}.`;
      tell("good", state, `${signed} The issuer is being asked whether it still stands by it.`);
      const { held, limits } = await lookedUp(credential);
      tell("good", state, `${signed} ${held.length ? held.join(" ") : "The issuer could not be asked whether it is theirs, or was taken back."}`);
      $("checked").append(...held.map((text) => item(text, "✓ held")));
      $("limits").append(...limits.map((text) => item(text)));
    }
  } catch (error) {
    if (error.unable) {
      tell("waiting", "Not checked", `${error.message} Run hornbook verify on the folder that this page came in.`);
      return;
    }
    /* What did not hold is not shown: a reader would remember it, whatever stood beside it. */
    $("report").replaceChildren();
    for (const part of ["work", "proof", "endorsed", "endorse", "share"]) $(part).hidden = true;
    $("notebook").removeAttribute("srcdoc");
    tell("bad", error.revoked ? "Taken back" : "This page does not hold", error.refused ? error.message : "It cannot be read.");
  }
})();
