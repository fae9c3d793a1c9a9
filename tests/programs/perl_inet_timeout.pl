# As perl_timeout.pl, with the older module.
use strict;
use warnings;
use Errno qw(ECONNREFUSED);
use IO::Socket::INET;

my ($host, $port, $closed) = @ARGV;
my %common = (PeerAddr => $host, Proto => 'tcp', Timeout => 30);
my $connection = IO::Socket::INET->new(%common, PeerPort => $port) or die "connect: $@";
print $connection "hello target\n";
$connection->flush;
my $answer = join '', <$connection>;
die "answer: $answer" unless $answer eq "you said hello target\n";
die 'connected' if IO::Socket::INET->new(%common, PeerPort => $closed);
die "errno: $!" unless $! == ECONNREFUSED;
print "as expected\n";
