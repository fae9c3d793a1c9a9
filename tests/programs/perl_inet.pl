# As perl_socket.pl, with the older module, which knows IPv4 only and resolves by gethostbyname.
use strict;
use warnings;
use IO::Socket::INET;

my ($host, $port) = @ARGV;
my $connection = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port, Proto => 'tcp')
    or die "connect: $@";
print $connection <STDIN>;
$connection->flush;
print while <$connection>;
