// A browser of few means: cookies, redirects within one origin, and forms.

const entities = { amp: '&', lt: '<', gt: '>', quot: '"' };
const text = (html) =>
  html.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) =>
    name ? (entities[name] ?? whole) : String.fromCodePoint(Number.parseInt(hex ?? decimal, hex ? 16 : 10)));

const halves = (pair) => {
  const [half] = pair.split('=', 1);
  return [half, pair.slice(half.length + 1)];
};

function attributes(tag) {
  const found = [...tag.matchAll(/([\w-]+)(?:="([^"]*)")?/g)];
  return Object.fromEntries(found.map(([, name, value]) => [name, text(value ?? '')]));
}

/** A response that is no redirect within its origin. */
export class Page {
  constructor(url, response, body) {
    this.url = url;
    this.status = response.status;
    this.headers = response.headers;
    this.body = body;
  }

  /** Where it leads; null for a page. */
  get location() {
    const location = this.headers.get('location');
    return location && new URL(location, this.url).href;
  }

  /** A parameter of where it leads. */
  parameter(name) {
    return new URL(this.location).searchParams.get(name);
  }

  /** The form that has a field of this name: its action, and its fields as they are sent if nobody touches them. */
  form(field) {
    for (const [, tag, inside] of this.body.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)) {
      const inputs = [...inside.matchAll(/<(?:input|button)\b([^>]*)>/gs)].map(([, input]) => attributes(input));
      if (!inputs.some(({ name }) => name === field)) continue;
      const sent = inputs.filter((input) => input.type === 'hidden' || (input.type === 'checkbox' && 'checked' in input));
      return { action: new URL(attributes(tag).action ?? '', this.url).href, fields: sent.map(({ name, value }) => [name, value]) };
    }
    throw new Error(`no form with ${field} at ${this.url} (${this.status}): ${this.body}`);
  }
}

export class UserAgent {
  #cookies = new Map();

  get(url) {
    return this.#go(url);
  }

  /** Sends the form that has the field `field`, with these fields filled in, and without those that `without` names. */
  submit(page, field, filled, without = () => false) {
    const { action, fields } = page.form(field);
    const body = new URLSearchParams([...fields.filter(([name, value]) => !without(name, value)), ...Object.entries(filled)]);
    return this.#go(action, { method: 'POST', body });
  }

  async #go(url, request = {}) {
    const { origin } = new URL(url);
    for (let hops = 0; hops < 10; hops += 1) {
      const cookie = this.#cookie(new URL(url).pathname);
      const response = await fetch(url, { ...request, redirect: 'manual', headers: cookie ? { cookie } : {} });
      this.#keep(response.headers.getSetCookie());
      const page = new Page(url, response, await response.text());
      if (!page.location || new URL(page.location).origin !== origin) return page;
      // 307 and 308 would send the form again; nobody here answers with them.
      if (![302, 303].includes(response.status)) throw new Error(`${response.status} from ${url}`);
      [url, request] = [page.location, {}];
    }
    throw new Error(`too many redirects at ${url}`);
  }

  #cookie(path) {
    const sent = [...this.#cookies.values()].filter((cookie) => path.startsWith(cookie.path));
    return sent.map(({ name, value }) => `${name}=${value}`).join('; ');
  }

  #keep(cookies) {
    for (const cookie of cookies) {
      const [pair, ...rest] = cookie.split(/;\s*/);
      const [name, value] = halves(pair);
      const settings = Object.fromEntries(rest.map(halves).map(([setting, to]) => [setting.toLowerCase(), to]));
      const path = settings.path ?? '/';
      const gone = settings['max-age'] === '0' || (settings.expires && Date.parse(settings.expires) < Date.now());
      if (gone) this.#cookies.delete(`${path} ${name}`);
      else this.#cookies.set(`${path} ${name}`, { name, value, path });
    }
  }
}

/** The user of the reference host. */
export const alice = { username: 'alice', password: 'rabbit-hole-1865' };

/** A user at the reference host: signs in where asked, and decides. `scope` is what to leave ticked; everything without one. */
export async function decide(agent, url, decision = 'approve', scope = null) {
  let page = await agent.get(url);
  if (page.location === null && page.body.includes('name="password"')) {
    page = await agent.submit(page, 'password', alice);
  }
  return agent.submit(page, 'decision', { decision }, (name, value) => name === 'scope' && scope !== null && !scope.includes(value));
}
