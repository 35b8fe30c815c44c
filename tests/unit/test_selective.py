from toolkit.selective import Selective


class Login(Selective, frozen=True, kw_only=True):
    HIDDEN = frozenset({"password"})
    IGNORED = frozenset({"origin"})

    name: str
    password: str
    origin: str = ""


class Other(Selective, frozen=True, kw_only=True):
    name: str
    password: str
    origin: str = ""


def test_hidden_fields_are_not_shown() -> None:
    assert repr(Login(name="ann", password="s3cret")) == "Login(name='ann', origin='')"


def test_ignored_fields_are_not_compared() -> None:
    login = Login(name="ann", password="a", origin="here")
    assert login == Login(name="ann", password="a", origin="there")
    assert hash(login) == hash(Login(name="ann", password="a"))
    assert login != Login(name="ann", password="b", origin="here")
    assert login != Other(name="ann", password="a", origin="here")
