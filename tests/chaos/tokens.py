"""Bearer tokens by HMAC, so that they can be made, aged and forged without any other library."""

import base64
import hashlib
import hmac
import json
import time
import uuid


def _encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def head_of(kid):
    return _encode(json.dumps({"alg": "HS256", "typ": "JWT", "kid": kid}).encode())


def sign(secret, kid, claims):
    head = head_of(kid)
    body = _encode(json.dumps(claims).encode())
    signature = hmac.digest(secret, f"{head}.{body}".encode(), "sha256")
    return f"{head}.{body}.{_encode(signature)}"


class Issuer:
    def __init__(self, secret, kid, issuer, audience):
        self.secret = secret
        self.kid = kid
        self.issuer = issuer
        self.audience = audience

    @property
    def head(self):
        """What all its tokens begin with."""
        return head_of(self.kid)

    def token(self, account, role, issued_ago_s=60, lives_s=7200, secret=None, **more):
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": account,
            "role": role,
            "iat": now - issued_ago_s,
            "exp": now - issued_ago_s + lives_s,
            "jti": str(uuid.uuid4()),
            "ver": 1,
        }
        claims.update(more)
        return sign(secret or self.secret, self.kid, claims)


class Judge:
    """Says whether a token is genuine and was valid at a time, from the JWK Set alone. Knows HS256 keys only."""

    def __init__(self, jwks, issuer, audience, max_ttl_s=86400, leeway_s=5):
        self.secrets = {key["kid"]: _decode(key["k"]) for key in jwks["keys"] if key["kty"] == "oct"}
        self.issuer = issuer
        self.audience = audience
        self.max_ttl_s = max_ttl_s
        self.leeway_s = leeway_s
        self.seen = {}

    def _read(self, token):
        try:
            head, body, signature = token.split(".")
            secret = self.secrets[json.loads(_decode(head))["kid"]]
            claims = json.loads(_decode(body))
            expected = hmac.new(secret, f"{head}.{body}".encode(), hashlib.sha256).digest()
            genuine = json.loads(_decode(head))["alg"] == "HS256" and hmac.compare_digest(expected, _decode(signature))
        except (ValueError, KeyError):
            return None
        fits = claims.get("iss") == self.issuer and claims.get("aud") == self.audience
        return claims if genuine and fits and claims["exp"] - claims["iat"] <= self.max_ttl_s else None

    def claims(self, authorization, at_s):
        """`authorization`: the header's bytes or None. None: not to be trusted."""
        if authorization is None or not authorization.startswith(b"Bearer "):
            return None
        token = authorization[7:].decode("latin-1")
        if token not in self.seen:
            self.seen[token] = self._read(token)
        claims = self.seen[token]
        valid = claims is not None and claims["iat"] - self.leeway_s <= at_s < claims["exp"] + self.leeway_s
        return claims if valid else None
