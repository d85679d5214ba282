# A template: README.md beside it says what stands between the @ signs.
class Popfetch < Formula
  desc "Fetches mail from POP3 servers into your Maildir, mbox or procmail"
  homepage "@URL@"
  url "@URL@/archive/refs/tags/v@VERSION@.tar.gz"
  sha256 "@SHA256@"
  license any_of: ["MIT", "Apache-2.0"]

  depends_on "rust" => :build

  on_linux do
    depends_on "openssl@3"
  end

  def install
    # The OpenSSL that is kept up to date, not one of its own.
    ENV["OPENSSL_NO_VENDOR"] = "1"
    system "cargo", "install", *std_cargo_args
    man1.install Dir["man/*.1"]
    man5.install Dir["man/*.5"]
    bash_completion.install "completions/popfetch.bash" => "popfetch"
    zsh_completion.install "completions/_popfetch"
    fish_completion.install "completions/popfetch.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/popfetch --version")
    # 78: there is no configuration yet.
    shell_output("#{bin}/popfetch sync --config #{testpath}/none.toml 2>&1", 78)
  end
end
