import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import {
  describeEndpoint,
  type Environment,
  passwordFor,
  type ServerEndpoint,
} from "../../src/endpoint/endpoint.js";
import { parseEndpoint } from "../../src/endpoint/parse-endpoint.js";
import { PgCopyError } from "../../src/errors.js";

let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "pgcopy-endpoint-"));
});

afterAll(async () => {
  await rm(home, { recursive: true });
});

async function parseServer(text: string, environment: Environment = {}): Promise<ServerEndpoint> {
  const endpoint = await parseEndpoint(text, environment, "source");
  if (endpoint.kind !== "server") throw new Error("not a server");
  return endpoint;
}

async function refusal(text: string, environment: Environment = {}): Promise<PgCopyError> {
  const error = await parseEndpoint(text, environment, "target").then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(PgCopyError);
  expect(error).toMatchObject({ code: "usage", side: "target" });
  return error as PgCopyError;
}

/** Everything that a user may see of an error. */
function shown(error: PgCopyError): string {
  return `${JSON.stringify(error)} ${error.stack} ${String(error.cause)}`;
}

describe("URIs", () => {
  const cases: [text: string, expected: Partial<ServerEndpoint>][] = [
    [
      "postgres://ann@db.example/shop",
      { user: "ann", database: "shop", hosts: [{ host: "db.example", port: 5432 }] },
    ],
    ["postgresql://ann@h/d", { user: "ann", database: "d" }],
    ["POSTGRES://ann@h/d", { user: "ann" }],
    ["postgres://ann:secret@h:6000/d", { password: "secret", hosts: [{ host: "h", port: 6000 }] }],
    ["postgres://ann:a:b=c?d&e@h/d", { password: "a:b=c?d&e", database: "d" }],
    [
      "postgres://a%40b:%2F%3A%40%25%3F%C3%BC@h/d%2Fe",
      { user: "a@b", password: "/:@%?ü", database: "d/e" },
    ],
    ["postgres://ann@h", { database: "ann" }],
    ["postgres://ann@h/", { database: "ann" }],
    ["postgres://ann@h/a/b", { database: "a/b" }],
    ["postgres://ann@h:/d", { hosts: [{ host: "h", port: 5432 }] }],
    ["postgres://u@[::1]/d", { hosts: [{ host: "::1", port: 5432 }] }],
    ["postgres://u@[2001:db8::7]:6000/d", { hosts: [{ host: "2001:db8::7", port: 6000 }] }],
    [
      "postgres://u@h1:5433,[::1],h2:5434/d",
      {
        hosts: [
          { host: "h1", port: 5433 },
          { host: "::1", port: 5432 },
          { host: "h2", port: 5434 },
        ],
      },
    ],
    ["postgres://u@%2Frun%2Fpg/d", { hosts: [{ host: "/run/pg", port: 5432 }] }],
    ["postgres://u@%2Frun%2Fpg:6000/d", { hosts: [{ host: "/run/pg", port: 6000 }] }],
    ["postgres:///d?host=/run/pg&port=6000&user=u", { hosts: [{ host: "/run/pg", port: 6000 }] }],
    [
      "postgres://u@h/d?host=h1,h2&port=7",
      {
        hosts: [
          { host: "h1", port: 7 },
          { host: "h2", port: 7 },
        ],
      },
    ],
    [
      "postgres://u:p@h/d?user=ann&password=s=1&dbname=e",
      { user: "ann", password: "s=1", database: "e" },
    ],
    ["postgres://u@h/d?password=p%26q%40r", { password: "p&q@r" }],
    ["postgres://u@h/d?host=&port=1", { hosts: [{ host: "localhost", port: 1 }] }],
    [
      "postgres://u@h/d?hostaddr=10.0.0.7",
      { hosts: [{ host: "h", port: 5432, address: "10.0.0.7" }] },
    ],
    ["postgres://u@/d?hostaddr=::1", { hosts: [{ host: "::1", port: 5432, address: "::1" }] }],
    ["postgres://u@h/d?options=-c%20geqo%3Doff", { options: "-c geqo=off" }],
    ["postgres://u@h/d?options=-c+x", { options: "-c+x" }],
    ["postgres://u@h/d?target_session_attrs=read-write", { sessionAttributes: "read-write" }],
    ["postgres://u@h/d?channel_binding=require", { channelBinding: "require" }],
    ["  postgres://u@h/d\n", { database: "d" }],
  ];
  test.each(cases)("%s", async (text, expected) => {
    expect(await parseServer(text)).toMatchObject(expected);
  });

  test("what is not given has libpq's defaults", async () => {
    expect(await parseServer("postgres://u@h")).toEqual({
      kind: "server",
      hosts: [{ host: "h", port: 5432 }],
      user: "u",
      database: "u",
      databaseFrom: "the user's name",
      tls: { mode: "prefer", negotiation: "postgres", serverName: true },
      sessionAttributes: "any",
      connectTimeoutMs: 60_000,
      keepAlive: true,
      keepAliveIdleMs: 60_000,
    });
  });

  test("an empty one is this user's database on this machine", async () => {
    const endpoint = await parseServer("postgres://?port=1");
    expect(endpoint.hosts).toEqual([{ host: "localhost", port: 1 }]);
    expect(endpoint.user).toBe(userInfo().username);
    expect(endpoint.database).toBe(endpoint.user);
  });
});

describe("key=value strings", () => {
  const cases: [text: string, expected: Partial<ServerEndpoint>][] = [
    [
      "host=h port=5433 user=ann dbname=shop password=secret",
      {
        hosts: [{ host: "h", port: 5433 }],
        user: "ann",
        database: "shop",
        password: "secret",
      },
    ],
    ["host = h  user\t=\nann", { hosts: [{ host: "h", port: 5432 }], user: "ann" }],
    [String.raw`user=u host=h password='it\'s a \\ "word"'`, { password: `it's a \\ "word"` }],
    [String.raw`user=u host=h password=it\'s\ a\\b`, { password: "it's a\\b" }],
    [`user=u host=h password='' dbname='a=b'`, { database: "a=b" }],
    ["user=u host=h password=p@/:?#%41", { password: "p@/:?#%41" }],
    [
      "user=u host=::1,h2 port=5,6",
      {
        hosts: [
          { host: "::1", port: 5 },
          { host: "h2", port: 6 },
        ],
      },
    ],
    ["user=u host=/run/pg", { hosts: [{ host: "/run/pg", port: 5432 }] }],
    ["user=u host=h user=v", { user: "v" }],
    ["user=u host=h password=", {}],
  ];
  test.each(cases)("%s", async (text, expected) => {
    const endpoint = await parseServer(text);
    expect(endpoint).toMatchObject(expected);
    expect(endpoint.password).toBe(expected.password);
  });
});

describe("numbers and choices", () => {
  test.each([
    ["connect_timeout=10", { connectTimeoutMs: 10_000 }],
    ["connect_timeout=1", { connectTimeoutMs: 2_000 }],
    ["connect_timeout=0", { connectTimeoutMs: 0 }],
    ["connect_timeout=-1", { connectTimeoutMs: 0 }],
    ["keepalives=0", { keepAlive: false }],
    ["keepalives_idle=0", { keepAlive: true, keepAliveIdleMs: 60_000 }],
    ["keepalives=1 keepalives_idle=30", { keepAlive: true, keepAliveIdleMs: 30_000 }],
    ["sslmode=disable", { tls: { mode: "disable", negotiation: "postgres", serverName: true } }],
    [
      "sslmode=require sslsni=0",
      { tls: { mode: "require", negotiation: "postgres", serverName: false } },
    ],
    [
      "sslmode=require sslnegotiation=direct",
      { tls: { mode: "require", negotiation: "direct", serverName: true } },
    ],
    [
      "sslrootcert=system",
      {
        tls: {
          mode: "verify-full",
          negotiation: "postgres",
          serverName: true,
          rootCertificate: "system",
        },
      },
    ],
    [
      "sslmode=require sslcert=/c sslkey=/k sslpassword=x sslcrl=/r ssl_min_protocol_version=TLSv1.3",
      {
        tls: {
          mode: "require",
          negotiation: "postgres",
          serverName: true,
          certificate: "/c",
          key: "/k",
          keyPassword: "x",
          revocationList: "/r",
          minVersion: "TLSv1.3",
        },
      },
    ],
    [
      "sslmode=require sslcert=/c sslkey=/k sslcertmode=disable",
      { tls: { mode: "require", negotiation: "postgres", serverName: true } },
    ],
  ])("%s", async (text, expected) => {
    const endpoint = await parseServer(`user=u host=h ${text}`);
    expect({ ...endpoint, ...expected }).toEqual(endpoint);
  });

  test.each([
    "application_name=x",
    "client_encoding=auto",
    "gssencmode=prefer",
    "channel_binding=prefer",
    "krbsrvname=postgres",
    "load_balance_hosts=disable",
    "keepalives_count=3",
    "replication=false",
    "max_protocol_version=latest",
  ])("%s is accepted, and changes nothing", async (text) => {
    expect(await parseServer(`user=u host=h ${text}`)).toEqual(await parseServer("user=u host=h"));
  });

  test("?ssl=true of JDBC means sslmode=require", async () => {
    expect((await parseServer("postgres://u@h/d?ssl=true")).tls.mode).toBe("require");
  });
});

describe("the environment", () => {
  const full: Environment = {
    PGHOST: "env.example",
    PGPORT: "7000",
    PGUSER: "envuser",
    PGDATABASE: "envdb",
    PGPASSWORD: "envpassword",
    PGSSLMODE: "require",
    PGOPTIONS: "-c jit=off",
    PGCONNECT_TIMEOUT: "9",
    PGTARGETSESSIONATTRS: "primary",
  };

  test("gives what the endpoint leaves out", async () => {
    expect(await parseServer("postgres://", full)).toMatchObject({
      hosts: [{ host: "env.example", port: 7000 }],
      user: "envuser",
      database: "envdb",
      password: "envpassword",
      tls: { mode: "require" },
      options: "-c jit=off",
      connectTimeoutMs: 9_000,
      sessionAttributes: "primary",
    });
  });

  test("yields to the endpoint", async () => {
    const text =
      "postgres://u:p@h:1/d?sslmode=disable&options=-cx&connect_timeout=3&target_session_attrs=any";
    expect(await parseServer(text, full)).toMatchObject({
      hosts: [{ host: "h", port: 1 }],
      user: "u",
      database: "d",
      password: "p",
      tls: { mode: "disable" },
      options: "-cx",
      connectTimeoutMs: 3_000,
      sessionAttributes: "any",
    });
  });

  test("empty variables are not set", async () => {
    const empty = Object.fromEntries(Object.keys(full).map((name) => [name, ""]));
    expect(await parseServer("postgres://u@h", empty)).toEqual(await parseServer("postgres://u@h"));
  });

  test("an empty one hides the real one", async () => {
    for (const [name, value] of Object.entries({ ...full, HOME: home })) vi.stubEnv(name, value);
    try {
      const endpoint = await parseServer("postgres://?port=1");
      expect(endpoint.hosts).toEqual([{ host: "localhost", port: 1 }]);
      expect(endpoint.user).toBe(userInfo().username);
      expect(endpoint.password).toBeUndefined();
      expect(endpoint.tls.mode).toBe("prefer");
      expect(endpoint.options).toBeUndefined();
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test("certificates of ~/.postgresql are used if they exist", async () => {
    const directory = join(home, ".postgresql");
    await mkdir(directory);
    for (const file of ["root.crt", "postgresql.crt", "postgresql.key", "root.crl"]) {
      await writeFile(join(directory, file), "");
    }
    expect((await parseServer("postgres://u@h", { HOME: home })).tls).toMatchObject({
      rootCertificate: join(directory, "root.crt"),
      certificate: join(directory, "postgresql.crt"),
      key: join(directory, "postgresql.key"),
      revocationList: join(directory, "root.crl"),
    });
    expect((await parseServer("postgres://u@h?sslmode=verify-full", { HOME: home })).tls.mode).toBe(
      "verify-full",
    );
  });
});

describe("services", () => {
  test("a service gives what the endpoint leaves out, before the environment", async () => {
    const file = join(home, "services.conf");
    await writeFile(
      file,
      "# mine\n[other]\nhost=wrong\n\n[shop]\nhost=svc\nport=7\nhost=late\npassword=a=b\n[z]\n",
    );
    const environment = { PGSERVICEFILE: file, PGHOST: "env", PGUSER: "env" };
    const expected = { hosts: [{ host: "svc", port: 8 }], user: "env", password: "a=b" };
    expect(await parseServer("service=shop port=8", environment)).toMatchObject(expected);
    expect(await parseServer("postgres://?service=shop&port=8", environment)).toMatchObject(
      expected,
    );
    expect(await parseServer("port=8", { ...environment, PGSERVICE: "shop" })).toMatchObject(
      expected,
    );
  });

  test("~/.pg_service.conf, then PGSYSCONFDIR", async () => {
    await writeFile(join(home, ".pg_service.conf"), "[own]\nhost=own\n");
    await writeFile(join(home, "pg_service.conf"), "[system]\nhost=system\n");
    const environment = { HOME: home, PGSYSCONFDIR: home };
    expect((await parseServer("service=own", environment)).hosts[0]?.host).toBe("own");
    expect((await parseServer("service=system", environment)).hosts[0]?.host).toBe("system");
  });

  test("one that does not exist is refused, and the files are named", async () => {
    const error = await refusal("service=nope", { HOME: home });
    expect(error.message).toBe('wrong target endpoint: service "nope" is defined nowhere');
    expect(error.advice).toContain(join(home, ".pg_service.conf"));
    expect((await refusal("service=nope")).advice).toContain("PGSERVICEFILE");
  });

  test("a definition that can't be read is refused", async () => {
    const file = join(home, "bad.conf");
    await writeFile(file, "[shop]\nhost = h\n");
    const error = await refusal("service=shop", { PGSERVICEFILE: file });
    expect(error.message).toContain("unknown parameter");
  });
});

describe("pgdata", () => {
  test.each([
    ["pgdata:/srv/data", { directory: "/srv/data", database: "postgres" }],
    ["pgdata:data", { directory: resolve("data"), database: "postgres" }],
    ["pgdata:./a%20b", { directory: resolve("a%20b"), database: "postgres" }],
    ["pgdata:/d?dbname=my%20shop&user=ann", { directory: "/d", database: "my shop", user: "ann" }],
    ["pgdata:/what?/d?dbname=x", { directory: "/what?/d", database: "x" }],
    ["pgdata:~/d", { directory: "/home/ann/d", database: "postgres" }],
  ])("%s", async (text, expected) => {
    const endpoint = await parseEndpoint(text, { HOME: "/home/ann", PGDATABASE: "x" }, "target");
    expect(endpoint).toEqual({ kind: "pgdata", ...expected });
  });

  test.each([
    ["pgdata:", "names no directory"],
    ["pgdata:?dbname=x", "names no directory"],
    ["pgdata:/d?host=x", "only dbname=NAME and user=NAME"],
    ["pgdata:/d?dbname", 'has no "="'],
  ])("%s is refused", async (text, words) => {
    expect((await refusal(text)).message).toContain(words);
  });
});

describe("what is refused, and how", () => {
  test.each([
    ["", "it is empty"],
    ["mydatabase", "neither a URI, nor a key=value string, nor a data directory"],
    ["mysql://u@h/d", "does not know the scheme mysql://"],
    ["jdbc:postgresql://h/d", "does not know the scheme jdbc:postgresql://"],
    ["postgres://u@h:port/d", "the port is not a number"],
    ["postgres://u@h:70000/d", "the port is not a number"],
    ["postgres://u@::1/d", "host and port can't be told apart"],
    ["postgres://u@[::1/d", "host and port can't be told apart"],
    ["postgres://u@h%20x/d", "a character that no host name can have"],
    ["postgres://u%zz@h/d", 'a "%" is not followed'],
    ["postgres://u@h/%00", 'a "%" is not followed'],
    ["postgres://u@h/%ff", 'a "%" is not followed'],
    ["postgres://u@h/d?sslmode", 'has no "="'],
    ["postgres://u@h/d?sslmod=require", 'unknown parameter "sslmod" (did you mean "sslmode"?)'],
    ["postgres://u@h/d?pgbouncer=true", 'unknown parameter "pgbouncer"'],
    ["postgres://u@h/d?sslmode=prefered", "sslmode=prefered is none of disable, allow, prefer"],
    ["postgres://u@h/d?connect_timeout=soon", "connect_timeout=soon is not a whole number"],
    ["postgres://u@h/d?target_session_attrs=rw", "target_session_attrs=rw is none of any"],
    ["postgres://u@h/d?gssencmode=require", "does not support gssencmode=require"],
    ["postgres://u@h/d?require_auth=md5", "does not support require_auth=md5"],
    ["postgres://u@h/d?replication=database", "does not support replication=database"],
    ["postgres://u@h1,h2:1,h3:2/d?port=1,2", "2 ports are given for 3 hosts"],
    ["host=h1,h2 hostaddr=10.0.0.1 user=u", "hostaddr lists 1 places, and others 2"],
    ["hostaddr=db.example user=u", "hostaddr is not an IP address"],
    ["user=u host=h hots=x", 'unknown parameter "hots" (did you mean "host"?)'],
    ["user=u host='h", "can't be read"],
    ["user=u host", "can't be read"],
    ["user=u sslmode=verify-full host=h", "needs a root certificate, and none is given"],
    ["user=u sslmode=verify-ca sslrootcert=/none.crt host=h", "/none.crt does not exist"],
    [
      "user=u sslmode=require sslrootcert=system host=h",
      "sslrootcert=system needs sslmode=verify-full",
    ],
    ["user=u sslnegotiation=direct host=h", "sslnegotiation=direct needs sslmode=require"],
  ])("%s", async (text, words) => {
    const error = await refusal(text);
    expect(error.message).toContain("wrong target endpoint: ");
    expect(error.message).toContain(words);
  });

  test("a target that is almost null: is told how that is written", async () => {
    for (const text of ["null", "NULL", "NULL:"])
      expect((await refusal(text)).advice).toContain("did you mean null:");
    expect((await refusal("mydatabase")).advice).not.toContain("null:");
  });

  test.each([
    "postgres://ann:hush/hush@h/d",
    "postgres://ann:hush@hush@h/d",
    "postgres://ann:12/hush@h/d",
    "postgres://ann:12/hush?hush=1@h/d",
    "postgres://ann:hush#hush/@h/d",
    "postgres://ann:hu%sh@h/d",
    "postgres://ann:%ffhush@h/d",
    "postgres://ann:hush/d",
    "postgres://ann:hush@h:x/d",
    "postgres://ann:hush@[::1/d",
    "postgres://ann:hush@h/d?nope=1",
    "postgres://h?password=hush@hush",
    "postgres://ann:hush@h/d?sslmode=@",
    "mysql://ann:hush@h/d",
    "ann:hush@h/d",
    "hush",
    "host=h password=a hush user=u",
    "host=h password=a hush=b user=u",
    "host=h password='hush",
    "host=h password=hush port=x user=u",
    "host=h password=hush nope=x user=u",
    "passwort=hush host=h",
    "host=h password hush",
    "pgdata:/d?password=hush",
  ])("no piece of a password shows in the refusal of %s", async (text) => {
    expect(shown(await refusal(text))).not.toContain("hush");
  });
});

test("a password file's passwords go to their own hosts only", async () => {
  const file = join(home, "passwords");
  await writeFile(file, "h1:*:*:u:one\nh2:5433:d:u:two\nsame*:*:*:*:x\n", { mode: 0o600 });
  const several = await parseServer("postgres://u@h1,h2:5433,h3/d", { PGPASSFILE: file });
  expect(several.password).toBeUndefined();
  expect(several.hosts.map((host) => passwordFor(several, host))).toEqual([
    "one",
    "two",
    undefined,
  ]);
  const single = await parseServer(`postgres://u@h2:5433/d?passfile=${encodeURIComponent(file)}`);
  expect(single.password).toBe("two");
  expect((await parseServer("postgres://u:own@h1", { PGPASSFILE: file })).password).toBe("own");
  expect(
    (await parseServer("postgres://u@h1", { PGPASSFILE: file, PGPASSWORD: "env" })).password,
  ).toBe("env");
});

test("an endpoint is shown without its password", async () => {
  const endpoint = await parseServer("postgres://a%40b:hush@h1:1,[::1],%2Frun%2Fpg/my%20db");
  expect(describeEndpoint(endpoint)).toBe("postgres://a%40b@h1:1,[::1],%2Frun%2Fpg/my%20db");
});
