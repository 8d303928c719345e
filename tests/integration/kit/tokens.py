"""JSON Web Tokens, right and wrong ones, by the standard library alone."""

import base64
import hashlib
import hmac
import json
import time
import uuid


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Signer:
    def __init__(self, secret, issuer, kid="tests"):
        self.secret = secret
        self.issuer = issuer
        self.kid = kid

    def token(self, subject, role, secret=None, header=None, **claims):
        """Claims and header members may be added or changed; None takes one away."""
        now = int(time.time())
        payload = {"iss": self.issuer, "aud": "slotkeeper", "sub": str(subject), "role": role, "iat": now,
                   "exp": now + 3600, "jti": str(uuid.uuid4()), "ver": 1, **claims}
        head = {"alg": "HS256", "typ": "JWT", "kid": self.kid, **(header or {})}
        signed = ".".join(base64url(json.dumps({k: v for k, v in part.items() if v is not None}).encode())
                          for part in (head, payload))
        digest = hmac.new(secret or self.secret, signed.encode(), hashlib.sha256).digest()
        return signed + "." + base64url(digest)
