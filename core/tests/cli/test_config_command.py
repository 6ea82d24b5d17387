import json


def test_right_file_is_told_so(arb, tmp_path):
    path = tmp_path / "arb.toml"
    path.write_text('symbols = ["BTC/USDT"]\n')
    assert arb("config", "check", path).out == f"{path}: right; 0 venues, 1 symbols\n"
    line = json.loads(arb("config", "check", path, "--json").out)
    assert line == {"kind": "config", "file": str(path), "valid": True, "venues": [], "symbols": ["BTC/USDT"]}


def test_wrong_file_is_one_line_and_bad_use(arb, tmp_path):
    path = tmp_path / "arb.toml"
    path.write_text("[detection]\nmax_edge = 1\n")
    done = arb("config", "check", path, "--json")
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith(f"arb: {path}: detection.max_edge: unknown key, did you mean 'max_edge_bps'?")
    assert done.err.count("\n") == 1


def test_schema_is_json(arb):
    assert json.loads(arb("config", "schema").out) == json.loads(arb("config", "schema", "--json").out)
