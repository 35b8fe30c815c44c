"""Files in a component's folder that look like secrets, by their names or their content.

The names are those of key stores and of files in which programs keep logins, collected from public ignore lists and
scanners. No list is complete; patterns in `.dockerignore` cover the rest.
"""

import re
from fnmatch import translate
from pathlib import PurePosixPath

from toolkit.redaction import TOKEN_STARTS, TOKENS

# A name with a slash stands for the last two parts of a path.
_NAMES = (
    # Keys and key stores.
    *("*.pem", "*.key", "*.p8", "*.p12", "*.pfx", "*.pkcs12", "*.ppk", "*.jks", "*.jceks", "*.keystore", "*.bks"),
    *("*.kdb", "*.kdbx", "*.keytab", "*.ovpn", "*.agekey", "secring.*", "id_*.pub", "*.gpg-key"),
    # Variables.
    *(".env", ".env.*", "*.env", ".envrc", "secrets.json", "secrets.toml", "secrets.yaml", "secrets.yml"),
    # Logins of programs.
    *(".netrc", "_netrc", ".npmrc", ".pypirc", "pip.conf", "pip.ini", ".git-credentials", ".pgpass", "pgpass.conf"),
    *(
        ".my.cnf",
        ".mylogin.cnf",
        ".htpasswd",
        "htpasswd",
        ".dockercfg",
        "rclone.conf",
        "sftp-config.json",
        ".vault-token",
    ),
    *(".docker/config.json", ".git/config", "uv/credentials.toml", ".snowsql/config", ".databrickscfg", "kaggle.json"),
    *("huggingface/token", ".huggingface/token", ".ssh/*", ".gnupg/*", ".vault_pass*", "vault_pass*.txt", ".pip/*"),
    # Clouds and clusters.
    *(".aws/*", ".azure/*", "gcloud/*", ".boto", ".s3cfg", "credentials.json", "application_default_credentials.json"),
    *(
        "gha-creds-*.json",
        "service-account*.json",
        "service_account*.json",
        "serviceaccount*.json",
        "client_secret*.json",
    ),
    *("kubeconfig", "kubeconfig.*", "*.kubeconfig", ".kube/*", "*.tfstate", "*.tfstate.*", "*.tfvars", "*.tfvars.json"),
    *(".terraformrc", "terraform.rc", "credentials.tfrc.json"),
)
# Modules, and examples to fill in. Their content is still searched.
_NO_SECRETS = re.compile(r".*\.(?:py|example|sample|template|dist)", re.DOTALL)
_PRIVATE_NAME = re.compile(r"id_(?:rsa|dsa|ecdsa|ed25519|xmss)(?:[_-][\w-]+)?(?:\.(?:pub|key|old|bak|orig|ppk))?")
_BY_NAME = re.compile("|".join(translate(name) for name in _NAMES if "/" not in name))
_BY_FOLDER = re.compile("|".join(translate(name) for name in _NAMES if "/" in name))
# A key's first line alone is in many programs that read keys; lines of its text follow in a key.
_KEY = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----(?:\\[rn]|\s)+(?:[\w-]+: [^\n]*\n|\s)*[A-Za-z0-9+/=]{32}"
)
_ACCOUNT = re.compile(rb"\"type\"\s*:\s*\"service_account\"")
_STARTS = tuple(start.encode() for start in TOKEN_STARTS)


def is_secret_name(path: PurePosixPath) -> bool:
    """Return whether a file has the name of a secret, in any case."""
    name = path.name.lower()
    if _NO_SECRETS.fullmatch(name):
        return False
    if _BY_NAME.match(name) or _PRIVATE_NAME.fullmatch(name):
        return True
    return _BY_FOLDER.match("/".join(path.parts[-2:]).lower()) is not None


def secret_in(data: bytes) -> str | None:
    """Return the kind of secret that a text holds; None if nothing in it has a well-known form."""
    # A plain search rules out most files without the cost of the expression.
    if b"PRIVATE KEY" in data and _KEY.search(data):
        return "a private key"
    if b"service_account" in data and _ACCOUNT.search(data) and b"private_key" in data:
        return "the key of a service account"
    if any(start in data for start in _STARTS):
        found = (match[0] for match in TOKENS.finditer(data.decode("utf-8", "replace")))
        # The keys in AWS's own documentation end like this.
        if any("EXAMPLE" not in token for token in found):
            return "an access token"
    return None
